use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::Shape;
use super::super::value::Value;
use super::counting::counted;
use super::operation::{Read, one};
use super::splitting::rows;

/// The way in which a tensor says where rows begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partition {
    FirstSize,
    RowIds,
    Splits,
}

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "RaggedTensorToTensor" => {
            let types = attributes.list("row_partition_types")?;
            let partition = |name: &serde_json::Value| match name.as_str() {
                Some("FIRST_DIM_SIZE") => Some(Partition::FirstSize),
                Some("VALUE_ROWIDS") => Some(Partition::RowIds),
                Some("ROW_SPLITS") => Some(Partition::Splits),
                _ => None,
            };
            let types: Option<Vec<Partition>> = types.iter().map(partition).collect();
            let types = types.ok_or("'row_partition_types' has an unknown one")?;
            let is_right = match types[..] {
                [Partition::FirstSize, ref others @ ..] => {
                    !others.is_empty() && others.iter().all(|&other| other == Partition::RowIds)
                }
                [Partition::Splits, ref others @ ..] => others.iter().all(|&other| other == Partition::Splits),
                _ => false,
            };
            if !is_right {
                return Err("'row_partition_types' must be row ids behind a size, or splits".to_owned());
            }
            let count = 3 + types.len();
            one(count..=count, move |values, meter| dense(&types, values, meter))
        }
        "RaggedBincount" => {
            let is_binary = attributes.flag("binary_output")?;
            one(4..=4, move |values, meter| {
                let splits = rows(values[0], values[1].data.len())?;
                let bins = usize::try_from(values[2].whole()?).map_err(|_| fault("a number of bins is negative"))?;
                let shape = Shape::checked(&[splits.len() - 1, bins])?;
                // The first row that ends behind the element; empty rows before it have no element.
                let row = |index: usize| splits.partition_point(|&end| end <= index) - 1;
                counted(&values[1..], row, shape, is_binary, meter)
            })
        }
        _ => Ok(None),
    }
}

/// The lengths of the rows of one dimension.
fn lengths(partition: Partition, value: &Value, parents: usize, children: usize) -> Result<Vec<usize>, Fault> {
    let mut lengths = vec![0_usize; parents];
    if partition == Partition::Splits {
        let splits = value.sizes()?;
        let is_right = splits.first() == Some(&0) && splits.is_sorted() && splits.len() == parents + 1;
        if !is_right || splits.last() != Some(&children) {
            return Err(fault("the splits are not those of the rows"));
        }
        lengths.iter_mut().zip(splits.windows(2)).for_each(|(length, row)| *length = row[1] - row[0]);
        return Ok(lengths);
    }
    let ids = value.sizes()?;
    if !ids.is_sorted() || ids.len() != children {
        return Err(fault("the row ids are not those of the values"));
    }
    for id in ids {
        *lengths.get_mut(id).ok_or_else(|| fault(format!("the row id {id} is outside of {parents} rows")))? += 1;
    }
    Ok(lengths)
}

/// Makes a tensor of rows of several lengths, which are cut, or filled with a default.
fn dense(types: &[Partition], values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (wanted, flat, default, partitions) = (values[0], values[1], values[2], &values[3..]);
    let Some(&all) = flat.shape.first() else { return Err(fault("values without rows are not ragged")) };
    let levels = ragged_levels(types, partitions, all)?;
    let mut sizes = Vec::with_capacity(levels.len() + flat.shape.len());
    sizes.push(levels.first().map_or(0, Vec::len));
    sizes.extend(levels.iter().map(|lengths| lengths.iter().copied().max().unwrap_or(0)));
    sizes.extend(&flat.shape[1..]);
    if !wanted.shape.is_empty() {
        let wanted = wanted.wholes()?;
        if wanted.len() != sizes.len() {
            return Err(fault(format!("{} dimensions are wanted of {}", wanted.len(), sizes.len())));
        }
        sizes.iter_mut().zip(wanted).for_each(|(size, wanted)| *size = usize::try_from(wanted).unwrap_or(*size));
    }
    let shape = Shape::checked(&sizes)?;
    let inner: usize = flat.shape[1..].iter().product();
    if sizes[levels.len() + 1..] != flat.shape[1..] || default.data.len() != 1 {
        return Err(fault("the inner dimensions, or the default, are not those of the values"));
    }
    let places = places(&levels, &shape, meter)?;
    let offset = flat.data.len();
    let mut both = flat.data.empty();
    both.append(&flat.data, 0..offset, meter)?;
    both.append(&default.data, 0..1, meter)?;
    meter.elements(shape.count(), size_of::<usize>())?;
    let mut chosen = vec![offset; shape.count()];
    for (index, place) in places.into_iter().enumerate() {
        if let Some(place) = place {
            (0..inner).for_each(|at| chosen[place + at] = index * inner + at);
        }
    }
    Ok(Value::new(shape, both.gather(chosen.into_iter(), meter)?))
}

/// Returns the lengths of the rows of each ragged dimension.
fn ragged_levels(types: &[Partition], partitions: &[&Value], all: usize) -> Result<Vec<Vec<usize>>, Fault> {
    let is_by_ids = types[0] == Partition::FirstSize;
    let ragged = if is_by_ids { &partitions[1..] } else { partitions };
    let children = |level: usize| match ragged.get(level + 1) {
        None => all,
        Some(next) if is_by_ids => next.data.len().min(ragged[level].data.len()),
        Some(next) => next.data.len().saturating_sub(1),
    };
    let first = if is_by_ids { partitions[0].sizes()?.first().copied() } else { ragged[0].data.len().checked_sub(1) };
    let mut parents = first.ok_or_else(|| fault("the number of rows is missing"))?;
    Shape::list(parents)?;
    let mut levels = Vec::with_capacity(ragged.len());
    for (level, value) in ragged.iter().enumerate() {
        let count = if is_by_ids { value.data.len() } else { children(level) };
        levels.push(lengths(types[usize::from(is_by_ids) + level], value, parents, count)?);
        parents = count;
    }
    if parents == all { Ok(levels) } else { Err(fault("the rows have more or fewer values than there are")) }
}

/// Returns where each value of the innermost rows stands in the tensor; `None` where it is cut.
fn places(levels: &[Vec<usize>], shape: &Shape, meter: &mut Meter<'_>) -> Result<Vec<Option<usize>>, Fault> {
    let within = |index: usize, dimension: usize| index < shape[dimension];
    let mut places: Vec<Option<usize>> =
        (0..levels[0].len()).map(|row| within(row, 0).then(|| row * shape.stride(0))).collect();
    for (level, lengths) in levels.iter().enumerate() {
        let dimension = level + 1;
        let count: usize = lengths.iter().sum();
        meter.elements(count, size_of::<Option<usize>>())?;
        let mut next = Vec::with_capacity(count);
        for (parent, &length) in places.iter().zip(lengths) {
            let place = |column: usize| {
                let parent = parent.filter(|_| within(column, dimension))?;
                Some(parent + column * shape.stride(dimension))
            };
            next.extend((0..length).map(place));
        }
        places = next;
    }
    Ok(places)
}

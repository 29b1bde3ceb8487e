use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::Shape;
use super::super::value::{Data, Value};
use super::conversion::truths;
use super::operation::{Read, one};

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "DenseBincount" => {
            let is_binary = attributes.flag("binary_output")?;
            one(3..=3, move |values, meter| {
                let (rows, shape) = match values[0].shape[..] {
                    [] | [_] => (1, Shape::list(size(values[1])?)?),
                    [rows, _] => (rows, Shape::checked(&[rows, size(values[1])?])?),
                    _ => return Err(fault("at most two dimensions belong here")),
                };
                let count = values[0].data.len().checked_div(rows).unwrap_or(0);
                let row = |index: usize| index.checked_div(count).unwrap_or(0);
                counted(values, row, shape, is_binary, meter)
            })
        }
        "Bincount" => one(3..=3, |values, meter| {
            let shape = Shape::list(size(values[1])?)?;
            counted(values, |_| 0, shape, false, meter)
        }),
        "Where" => one(1..=1, found),
        "OneHot" => {
            let axis = attributes.whole("axis")?;
            one(4..=4, move |values, meter| one_hot(axis, values, meter))
        }
        "SparseToDense" => {
            attributes.flag("validate_indices")?;
            one(4..=4, dense)
        }
        _ => Ok(None),
    }
}

fn size(value: &Value) -> Result<usize, Fault> {
    usize::try_from(value.whole()?).map_err(|_| fault("a number of bins is negative"))
}

/// Counts elements in the bins of their rows, or adds up their weights.
///
/// # Arguments
///
/// * `values`: the elements, a number of bins, and weights, of which there are none or one for each element.
/// * `row`: of an element.
/// * `shape`: its last dimension is the bins of a row.
pub(super) fn counted(
    values: &[&Value],
    row: impl Fn(usize) -> usize,
    shape: Shape,
    is_binary: bool,
    meter: &mut Meter<'_>,
) -> Result<Value, Fault> {
    let (elements, bins) = (values[0].wholes()?, shape.last().copied().unwrap_or(0));
    let weights = &values[2].data;
    if weights.len() != 0 && weights.len() != elements.len() {
        return Err(fault("there are as many weights as elements, or none"));
    }
    if let Some(negative) = elements.iter().find(|&&element| element < 0) {
        return Err(fault(format!("{negative} cannot be counted, it is negative")));
    }
    meter.elements(shape.count(), weights.dtype().size())?;
    let places = elements.iter().enumerate().filter_map(|(index, &element)| {
        let bin = usize::try_from(element).ok().filter(|&bin| bin < bins)?;
        Some((index, row(index) * bins + bin))
    });
    let data = match weights {
        Data::Int64(weights) => Data::Int64(sums(places, shape.count(), weights, is_binary, 1, i64::wrapping_add)),
        Data::Int32(weights) => Data::Int32(sums(places, shape.count(), weights, is_binary, 1, i32::wrapping_add)),
        Data::Float32(weights) => {
            Data::Float32(sums(places, shape.count(), weights, is_binary, 1.0, std::ops::Add::add))
        }
        Data::Float64(weights) => {
            Data::Float64(sums(places, shape.count(), weights, is_binary, 1.0, std::ops::Add::add))
        }
        other => return Err(fault(format!("{} is no weight", other.dtype()))),
    };
    Ok(Value::new(shape, data))
}

fn sums<N: Copy + Default>(
    places: impl Iterator<Item = (usize, usize)>,
    count: usize,
    weights: &[N],
    is_binary: bool,
    one: N,
    add: impl Fn(N, N) -> N,
) -> Vec<N> {
    let mut sums = vec![N::default(); count];
    for (index, place) in places {
        sums[place] = if is_binary { one } else { add(sums[place], weights.get(index).copied().unwrap_or(one)) };
    }
    sums
}

/// Returns the indices of what is true, or is not 0.
fn found(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let shape = &values[0].shape;
    if shape.is_empty() {
        return Err(fault("a value without dimensions has no indices"));
    }
    meter.elements(values[0].data.len(), 1 + size_of::<usize>())?;
    let places: Vec<usize> =
        truths(&values[0].data)?.iter().enumerate().filter(|(_, is)| **is).map(|(place, _)| place).collect();
    meter.elements(places.len() * shape.len().max(1), 2 * size_of::<i64>())?;
    let index = |place: usize| {
        (0..shape.len()).map(move |dimension| (place / shape.stride(dimension) % shape[dimension]) as i64)
    };
    let indices = places.iter().flat_map(|&place| index(place)).collect();
    Ok(Value::new(Shape::checked(&[places.len(), shape.len()])?, Data::Int64(indices)))
}

fn one_hot(axis: i64, values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (indices, depth) = (values[0].wholes()?, size(values[1])?);
    let shape = &values[0].shape;
    let axis = if axis == -1 { shape.len() } else { super::super::shape::axis_of(axis, shape.len() + 1)? };
    let mut sizes = shape.to_vec();
    sizes.insert(axis, depth);
    let hot = Shape::checked(&sizes)?;
    let mut switch = values[2].data.empty();
    switch.append(&values[2].data, 0..values[2].data.len().min(1), meter)?;
    switch.append(&values[3].data, 0..values[3].data.len().min(1), meter)?;
    if switch.len() != 2 {
        return Err(fault("one value each for on and off belong here"));
    }
    let inner: usize = shape[axis..].iter().product();
    let block = (inner * depth).max(1);
    let chosen = (0..hot.count()).map(|place| {
        let index = indices[place / block * inner + place % inner.max(1)];
        usize::from(usize::try_from(index) != Ok(place % block / inner.max(1)))
    });
    // A map of a range knows its length, as `gather` needs it.
    Ok(Value::new(hot, switch.gather(chosen, meter)?))
}

fn dense(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (indices, shape) = (values[0].sizes()?, Shape::checked(&values[1].sizes()?)?);
    let (given, default) = (values[2], values[3]);
    let rank = if values[0].shape.len() < 2 && shape.len() == 1 { 1 } else { shape.len() };
    let count = indices.len().checked_div(rank).unwrap_or(0);
    if count * rank != indices.len()
        || (given.data.len() != count && !given.shape.is_empty())
        || default.data.len() != 1
    {
        return Err(fault("the indices do not fit the values"));
    }
    let offset = given.data.len();
    let mut both = given.data.empty();
    both.append(&given.data, 0..offset, meter)?;
    both.append(&default.data, 0..1, meter)?;
    meter.elements(shape.count(), size_of::<usize>())?;
    let mut chosen = vec![offset; shape.count()];
    for (number, index) in indices.chunks_exact(rank.max(1)).enumerate() {
        if index.iter().zip(shape.iter()).any(|(index, size)| index >= size) {
            return Err(fault(format!("the index {index:?} is outside of the shape {:?}", &*shape)));
        }
        let place: usize = index.iter().enumerate().map(|(dimension, index)| index * shape.stride(dimension)).sum();
        chosen[place] = if given.shape.is_empty() { 0 } else { number };
    }
    Ok(Value::new(shape, both.gather(chosen.into_iter(), meter)?))
}

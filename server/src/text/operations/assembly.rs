use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::{MOST_DIMENSIONS, MOST_ELEMENTS, Shape, Walk, axis_of};
use super::super::value::{Data, Value, mapped};
use super::operation::{Read, one, several};

/// Most values that are taken apart.
const MOST_PARTS: usize = 1 << 12;

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "Pack" => {
            let axis = attributes.whole("axis")?;
            one(1..=usize::MAX, move |values, meter| {
                let axis = axis_of(axis, values[0].shape.len() + 1)?;
                let mut sizes = values[0].shape.to_vec();
                sizes.insert(axis, 1);
                let shapes = vec![Shape::checked(&sizes)?; values.len()];
                if values.iter().any(|value| value.shape != values[0].shape) {
                    return Err(fault("values of different shapes cannot be packed"));
                }
                concatenated(values, &shapes, axis, meter)
            })
        }
        "Unpack" => {
            let (axis, count) = (attributes.whole("axis")?, attributes.count("num", MOST_PARTS)?);
            several(1..=1, count, move |values, meter| unpacked(values[0], axis, count, meter))
        }
        "ConcatV2" => one(2..=usize::MAX, |values, meter| {
            let Some((axis, values)) = values.split_last() else { return Err(fault("an axis belongs here")) };
            let shapes: Vec<Shape> = values.iter().map(|value| value.shape).collect();
            concatenated(values, &shapes, shapes[0].axis(axis.whole()?)?, meter)
        }),
        "Tile" => one(2..=2, tiled),
        "BroadcastTo" => one(2..=2, |values, meter| {
            let shape = Shape::checked(&values[1].sizes()?)?;
            Ok(Value::new(shape, values[0].data.gather(values[0].shape.within(&shape)?, meter)?))
        }),
        "Fill" => one(2..=2, |values, meter| {
            let shape = Shape::checked(&values[0].sizes()?)?;
            Ok(Value::new(shape, values[1].data.gather(values[1].shape.within(&shape)?, meter)?))
        }),
        "Range" => one(3..=3, ranged),
        "ZerosLike" => one(1..=1, |values, meter| like(values[0], false, meter)),
        "OnesLike" => one(1..=1, |values, meter| like(values[0], true, meter)),
        "Pad" | "PadV2" => one(2..=3, padded),
        _ => Ok(None),
    }
}

/// Joins values along an axis.
fn concatenated(values: &[&Value], shapes: &[Shape], axis: usize, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let first = &shapes[0];
    let fits = |shape: &Shape| shape.len() == first.len() && shape.with(axis, 1).ok() == first.with(axis, 1).ok();
    if !shapes.iter().all(fits) {
        return Err(fault("values of these shapes cannot be joined"));
    }
    let size = shapes.iter().map(|shape| shape[axis]).sum();
    let (outer, inner): (usize, usize) = (first[..axis].iter().product(), first.stride(axis));
    let mut data = values[0].data.empty();
    for outer in 0..outer {
        for (value, shape) in values.iter().zip(shapes) {
            let count = shape[axis] * inner;
            data.append(&value.data, outer * count..(outer + 1) * count, meter)?;
        }
    }
    let shape = first.with(axis, size)?;
    // With nothing on the outside, nobody has looked at the types.
    Ok(Value::new(shape, data))
}

fn unpacked(value: &Value, axis: i64, count: usize, meter: &mut Meter<'_>) -> Result<Vec<Value>, Fault> {
    let axis = value.shape.axis(axis)?;
    if value.shape[axis] != count {
        return Err(fault(format!("{} values stand where {count} belong", value.shape[axis])));
    }
    let mut sizes = value.shape.to_vec();
    sizes.remove(axis);
    let shape = Shape::checked(&sizes)?;
    let mut steps = [0; MOST_DIMENSIONS];
    let others = (0..value.shape.len()).filter(|&dimension| dimension != axis);
    others.zip(&mut steps).for_each(|(dimension, step)| *step = value.shape.stride(dimension));
    let part = |index: usize| {
        let walk = Walk::new(shape, steps, index * value.shape.stride(axis));
        Ok(Value::new(shape, value.data.gather(walk, meter)?))
    };
    (0..count).map(part).collect()
}

fn tiled(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, times) = (values[0], values[1].sizes()?);
    if times.len() != value.shape.len() {
        return Err(fault("the multiples do not have all dimensions"));
    }
    // A value of twice the dimensions, half of which stay where they are.
    let mut data = value.data.clone();
    meter.take(value.data.memory())?;
    let mut shape = value.shape;
    for (axis, &times) in times.iter().enumerate() {
        let (outer, block) = (shape[..axis].iter().product::<usize>(), shape[axis] * shape.stride(axis));
        let next = shape.with(axis, shape[axis].saturating_mul(times))?;
        let walk = Walk::new(Shape::checked(&[outer, times, block])?, three(block, 0, 1), 0);
        data = data.gather(walk, meter)?;
        shape = next;
    }
    Ok(Value::new(shape, data))
}

fn three(first: usize, second: usize, third: usize) -> [usize; MOST_DIMENSIONS] {
    let mut steps = [0; MOST_DIMENSIONS];
    steps[..3].copy_from_slice(&[first, second, third]);
    steps
}

fn ranged(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let [start, limit, delta] = [values[0].whole()?, values[1].whole()?, values[2].whole()?];
    if delta == 0 || (start != limit && (delta > 0) != (start < limit)) {
        return Err(fault(format!("a range from {start} does not come to {limit} by steps of {delta}")));
    }
    let distance = (i128::from(limit) - i128::from(start)) * i128::from(delta.signum());
    let count =
        usize::try_from(distance.max(0).unsigned_abs().div_ceil(delta.unsigned_abs().into())).unwrap_or(usize::MAX);
    meter.elements(count, size_of::<i64>())?;
    let elements = (0..count as i64).map(|index| start.wrapping_add(index.wrapping_mul(delta))).collect();
    let dtype = values[0].data.dtype();
    Ok(Value::new(Shape::list(count)?, super::shapes::wholes(elements, dtype)?))
}

fn like(value: &Value, is_one: bool, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    meter.take(value.data.memory())?;
    let count = value.data.len();
    let number = u8::from(is_one);
    let data = match &value.data {
        Data::Int64(_) => Data::Int64(vec![number.into(); count]),
        Data::Int32(_) => Data::Int32(vec![number.into(); count]),
        Data::Float32(_) => Data::Float32(vec![number.into(); count]),
        Data::Float64(_) => Data::Float64(vec![number.into(); count]),
        Data::UInt8(_) => Data::UInt8(vec![number; count]),
        Data::Bool(_) => Data::Bool(vec![is_one; count]),
        Data::Strings(_) if is_one => return Err(fault("no string is one")),
        Data::Strings(_) => Data::Strings(std::iter::repeat_n("", count).collect()),
    };
    Ok(Value::new(value.shape, data))
}

/// Puts a value before and behind each dimension, or that of the type that is nothing.
fn padded(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, paddings) = (values[0], values[1].sizes()?);
    let shape = &value.shape;
    if paddings.len() != 2 * shape.len() || paddings.iter().any(|&padding| padding > MOST_ELEMENTS) {
        return Err(fault("the paddings do not have all dimensions"));
    }
    let sizes: Vec<usize> =
        shape.iter().zip(paddings.chunks_exact(2)).map(|(size, pad)| size + pad[0] + pad[1]).collect();
    let padded = Shape::checked(&sizes)?;
    meter.take(value.data.memory())?;
    let count = value.data.len();
    let mut data = value.data.clone();
    match values.get(2) {
        Some(pad) => data.append(&pad.data, 0..1.min(pad.data.len()), meter)?,
        None => data = with_nothing(data),
    }
    if data.len() != count + 1 {
        return Err(fault("one value to pad with belongs here"));
    }
    meter.elements(padded.count(), size_of::<usize>())?;
    let mut indices = vec![count; padded.count()];
    for (at, place) in inner(shape, &padded, &paddings).enumerate() {
        indices[place] = at;
    }
    Ok(Value::new(padded, data.gather(indices.into_iter(), meter)?))
}

/// Returns where the elements of a shape are in the padded one.
fn inner(shape: &Shape, padded: &Shape, paddings: &[usize]) -> Walk {
    let mut steps = [0; MOST_DIMENSIONS];
    steps.iter_mut().enumerate().take(shape.len()).for_each(|(dimension, step)| *step = padded.stride(dimension));
    let start = paddings.iter().step_by(2).zip(steps).map(|(&before, step)| before * step).sum();
    Walk::new(*shape, steps, start)
}

fn with_nothing(data: Data) -> Data {
    mapped!(data, elements => { let mut elements = elements; elements.push(Default::default()); elements },
        strings => { let mut strings = strings; strings.push(b""); strings })
}

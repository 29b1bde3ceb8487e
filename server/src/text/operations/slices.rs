use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::{MOST_DIMENSIONS, Shape, Walk};
use super::super::value::Value;
use super::operation::{Read, one};

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "StridedSlice" => {
            let masks = Masks {
                begin: mask(attributes, "begin_mask")?,
                end: mask(attributes, "end_mask")?,
                ellipsis: mask(attributes, "ellipsis_mask")?,
                new_axis: mask(attributes, "new_axis_mask")?,
                shrink_axis: mask(attributes, "shrink_axis_mask")?,
            };
            one(4..=4, move |values, meter| strided(&masks, values, meter))
        }
        "Slice" => one(3..=3, sliced),
        "Transpose" => one(2..=2, transposed),
        "GatherV2" => {
            if attributes.whole("batch_dims")? != 0 {
                return Err("'batch_dims' must be 0".to_owned());
            }
            one(3..=3, gathered)
        }
        _ => Ok(None),
    }
}

fn mask(attributes: &mut Attributes, name: &str) -> Result<u64, String> {
    attributes.count(name, usize::MAX).map(|mask| mask as u64)
}

/// Masks of a `StridedSlice`: a bit for each dimension that is not as its numbers say.
struct Masks {
    begin: u64,
    end: u64,
    ellipsis: u64,
    new_axis: u64,
    shrink_axis: u64,
}

/// The part of one dimension.
#[derive(Clone, Copy)]
enum Part {
    All,
    New,
    /// Position in begin, end and strides.
    Range(usize),
}

impl Masks {
    fn has(mask: u64, position: usize) -> bool {
        position < 64 && mask >> position & 1 == 1
    }

    /// Returns the part of each dimension, and the new ones among them.
    fn parts(&self, count: usize, rank: usize) -> Result<Vec<Part>, Fault> {
        let new = (0..count).filter(|&at| Self::has(self.new_axis, at) && !Self::has(self.ellipsis, at)).count();
        let ellipses = (0..count).filter(|&at| Self::has(self.ellipsis, at)).count();
        let ranges = count - new - ellipses;
        let left = rank.checked_sub(ranges).filter(|_| ellipses <= 1);
        let left = left.ok_or_else(|| fault(format!("{ranges} dimensions are sliced of {rank}")))?;
        let mut parts = Vec::with_capacity(rank + new);
        for at in 0..count {
            if Self::has(self.ellipsis, at) {
                parts.extend(std::iter::repeat_n(Part::All, left));
            } else if Self::has(self.new_axis, at) {
                parts.push(Part::New);
            } else {
                parts.push(Part::Range(at));
            }
        }
        if ellipses == 0 {
            parts.extend(std::iter::repeat_n(Part::All, left));
        }
        Ok(parts)
    }

    /// Returns where a part begins, and how many elements it has.
    fn range(&self, at: usize, [begin, end, stride]: [i64; 3], size: usize) -> Result<(i64, usize), Fault> {
        let size = size as i64;
        if Self::has(self.shrink_axis, at) {
            let index = if begin < 0 { begin.saturating_add(size) } else { begin };
            if (0..size).contains(&index) && stride > 0 {
                return Ok((index, 1));
            }
            return Err(fault(format!("the index {begin} is outside of {size} elements")));
        }
        let (low, high) = if stride > 0 { (0, size) } else { (-1, size - 1) };
        let clamped = |value: i64| if value < 0 { value.saturating_add(size) } else { value }.clamp(low, high);
        let whole = |is_start: bool| if is_start == (stride > 0) { low } else { high };
        let first = if Self::has(self.begin, at) { whole(true) } else { clamped(begin) };
        let last = if Self::has(self.end, at) { whole(false) } else { clamped(end) };
        let count = if (last - first).signum() == stride.signum() {
            (last - first).unsigned_abs().div_ceil(stride.unsigned_abs()) as usize
        } else {
            0
        };
        Ok((first, count))
    }
}

fn strided(masks: &Masks, values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, [begin, end, strides]) = (values[0], [values[1].wholes()?, values[2].wholes()?, values[3].wholes()?]);
    if begin.len() != end.len() || begin.len() != strides.len() || strides.contains(&0) {
        return Err(fault("begin, end and strides do not fit each other"));
    }
    let (mut walked, mut shown) = (Vec::new(), Vec::new());
    let (mut steps, mut start) = ([0; MOST_DIMENSIONS], 0_usize);
    for part in masks.parts(begin.len(), value.shape.len())? {
        let dimension = walked.len();
        let stride = |dimension| value.shape.stride(dimension);
        match part {
            Part::New => shown.push(1),
            Part::All => {
                steps[dimension] = stride(dimension);
                shown.push(value.shape[dimension]);
                walked.push(value.shape[dimension]);
            }
            Part::Range(at) => {
                let (first, count) = masks.range(at, [begin[at], end[at], strides[at]], value.shape[dimension])?;
                steps[dimension] = (strides[at] as usize).wrapping_mul(stride(dimension));
                start = start.wrapping_add((first as usize).wrapping_mul(stride(dimension)));
                walked.push(count);
                if !Masks::has(masks.shrink_axis, at) {
                    shown.push(count);
                }
            }
        }
    }
    let walk = Walk::new(Shape::checked(&walked)?, steps, start);
    Ok(Value::new(Shape::checked(&shown)?, value.data.gather(walk, meter)?))
}

/// Returns the strides of all dimensions.
fn strides(shape: &Shape) -> [usize; MOST_DIMENSIONS] {
    let mut strides = [0; MOST_DIMENSIONS];
    for (dimension, stride) in strides.iter_mut().enumerate().take(shape.len()) {
        *stride = shape.stride(dimension);
    }
    strides
}

fn sliced(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, begin, sizes) = (values[0], values[1].sizes()?, values[2].wholes()?);
    let shape = &value.shape;
    if begin.len() != shape.len() || sizes.len() != shape.len() {
        return Err(fault("begin and size do not have all dimensions"));
    }
    let mut counts = Vec::with_capacity(sizes.len());
    for (dimension, (&begin, &size)) in begin.iter().zip(&sizes).enumerate() {
        let rest = shape[dimension].checked_sub(begin);
        let count = if size == -1 { rest } else { usize::try_from(size).ok() };
        let count = count.filter(|&count| rest.is_some_and(|rest| count <= rest));
        counts.push(
            count.ok_or_else(|| fault(format!("{size} elements from {begin} on are outside of {:?}", &**shape)))?,
        );
    }
    let steps = strides(shape);
    let start = begin.iter().zip(steps).map(|(&begin, step)| begin * step).sum();
    let shape = Shape::checked(&counts)?;
    Ok(Value::new(shape, value.data.gather(Walk::new(shape, steps, start), meter)?))
}

fn transposed(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, order) = (values[0], values[1].sizes()?);
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..value.shape.len()) {
        return Err(fault(format!("{order:?} is no order of {} dimensions", value.shape.len())));
    }
    let mut steps = [0; MOST_DIMENSIONS];
    order.iter().zip(&mut steps).for_each(|(&dimension, step)| *step = value.shape.stride(dimension));
    let shape = Shape::checked(&order.iter().map(|&dimension| value.shape[dimension]).collect::<Vec<_>>())?;
    Ok(Value::new(shape, value.data.gather(Walk::new(shape, steps, 0), meter)?))
}

fn gathered(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, indices) = (values[0], values[1].wholes()?);
    let axis = value.shape.axis(values[2].whole()?)?;
    let size = value.shape[axis];
    let index = |index: &i64| usize::try_from(*index).ok().filter(|&index| index < size);
    let found: Option<Vec<usize>> = indices.iter().map(index).collect();
    let found = found.ok_or_else(|| fault(format!("an index is outside of {size} elements")))?;
    let (before, inner) = (&value.shape[..axis], value.shape.stride(axis));
    let sizes = [before, &values[1].shape[..], &value.shape[axis + 1..]].concat();
    let outer: usize = before.iter().product();
    let shape = Shape::checked(&sizes)?;
    meter.elements(shape.count(), size_of::<usize>())?;
    let mut all = Vec::with_capacity(shape.count());
    for outer in 0..outer {
        for index in &found {
            let start = (outer * size + index) * inner;
            all.extend(start..start + inner);
        }
    }
    Ok(Value::new(shape, value.data.gather(all.into_iter(), meter)?))
}

use std::ops::{Add, Mul};

use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::{MOST_DIMENSIONS, Shape, Walk};
use super::super::value::{Data, Value};
use super::operation::{Read, one};

/// Reduction of the elements of some dimensions.
#[derive(Clone, Copy, PartialEq)]
enum Reduction {
    Most,
    Least,
    Sum,
    Product,
}

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    let reduction = match name {
        "Max" => Reduction::Most,
        "Min" => Reduction::Least,
        "Sum" => Reduction::Sum,
        "Prod" => Reduction::Product,
        "All" | "Any" => {
            let (keeps, is_all) = (attributes.flag("keep_dims")?, name == "All");
            return one(2..=2, move |values, meter| {
                let (bools, groups) = (values[0].bools()?, Groups::new(values, keeps)?);
                let combine = |all: bool, index: usize| if is_all { all && bools[index] } else { all || bools[index] };
                Ok(Value::new(groups.shown, Data::Bool(groups.fold(is_all, combine, meter)?)))
            });
        }
        "Cumsum" => {
            let (exclusive, reverse) = (attributes.flag("exclusive")?, attributes.flag("reverse")?);
            return one(2..=2, move |values, meter| cumulated(values, exclusive, reverse, meter));
        }
        _ => return Ok(None),
    };
    let keeps = attributes.flag("keep_dims")?;
    one(2..=2, move |values, meter| reduced(reduction, values, keeps, meter))
}

/// The elements that are reduced together.
struct Groups {
    kept: Shape,
    shown: Shape,
    outer: [usize; MOST_DIMENSIONS],
    reduced: Shape,
    inner: [usize; MOST_DIMENSIONS],
}

impl Groups {
    fn new(values: &[&Value], keeps: bool) -> Result<Self, Fault> {
        let shape = &values[0].shape;
        let axes = values[1].wholes()?.into_iter().map(|axis| shape.axis(axis)).collect::<Result<Vec<_>, _>>()?;
        let (mut kept, mut shown, mut reduced) = (Vec::new(), Vec::new(), Vec::new());
        let (mut outer, mut inner) = ([0; MOST_DIMENSIONS], [0; MOST_DIMENSIONS]);
        for (dimension, &size) in shape.iter().enumerate() {
            if axes.contains(&dimension) {
                inner[reduced.len()] = shape.stride(dimension);
                reduced.push(size);
                shown.extend(keeps.then_some(1));
            } else {
                outer[kept.len()] = shape.stride(dimension);
                kept.push(size);
                shown.push(size);
            }
        }
        let [kept, shown, reduced] = [Shape::checked(&kept)?, Shape::checked(&shown)?, Shape::checked(&reduced)?];
        Ok(Self { kept, shown, outer, reduced, inner })
    }

    fn fold<T: Copy>(&self, start: T, combine: impl Fn(T, usize) -> T, meter: &mut Meter<'_>) -> Result<Vec<T>, Fault> {
        meter.elements(self.kept.count(), size_of::<T>())?;
        let one = |first: usize| Walk::new(self.reduced, self.inner, first).fold(start, &combine);
        Ok(Walk::new(self.kept, self.outer, 0).map(one).collect())
    }
}

/// Numbers that can be reduced.
trait Number: Copy {
    const LEAST: Self;
    const MOST: Self;
    const ZERO: Self;
    const ONE: Self;
    fn combined(self, other: Self, reduction: Reduction) -> Self;
}

macro_rules! number {
    ($type:ty, [$least:expr, $most:expr, $zero:expr, $one:expr], [$larger:expr, $smaller:expr, $add:expr, $multiply:expr]) => {
        impl Number for $type {
            const LEAST: Self = $least;
            const MOST: Self = $most;
            const ZERO: Self = $zero;
            const ONE: Self = $one;

            fn combined(self, other: Self, reduction: Reduction) -> Self {
                match reduction {
                    Reduction::Most => $larger(self, other),
                    Reduction::Least => $smaller(self, other),
                    Reduction::Sum => $add(self, other),
                    Reduction::Product => $multiply(self, other),
                }
            }
        }
    };
}

/// Returns the larger of two reals, or NaN where one is NaN, as TensorFlow does.
fn larger<R: PartialOrd>(first: R, second: R) -> R {
    if first > second || is_nan(&first) { first } else { second }
}

fn smaller<R: PartialOrd>(first: R, second: R) -> R {
    if first < second || is_nan(&first) { first } else { second }
}

fn is_nan<R: PartialOrd>(real: &R) -> bool {
    real.partial_cmp(real).is_none()
}

number!(i64, [i64::MIN, i64::MAX, 0, 1], [Ord::max, Ord::min, i64::wrapping_add, i64::wrapping_mul]);
number!(i32, [i32::MIN, i32::MAX, 0, 1], [Ord::max, Ord::min, i32::wrapping_add, i32::wrapping_mul]);
number!(f32, [f32::NEG_INFINITY, f32::INFINITY, 0.0, 1.0], [larger, smaller, Add::add, Mul::mul]);
number!(f64, [f64::NEG_INFINITY, f64::INFINITY, 0.0, 1.0], [larger, smaller, Add::add, Mul::mul]);

fn reduced(reduction: Reduction, values: &[&Value], keeps: bool, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let groups = Groups::new(values, keeps)?;
    let data = match &values[0].data {
        Data::Int64(elements) => Data::Int64(folded(&groups, elements, reduction, meter)?),
        Data::Int32(elements) => Data::Int32(folded(&groups, elements, reduction, meter)?),
        Data::Float32(elements) => Data::Float32(folded(&groups, elements, reduction, meter)?),
        Data::Float64(elements) => Data::Float64(folded(&groups, elements, reduction, meter)?),
        other => return Err(fault(format!("{} is no number here", other.dtype()))),
    };
    Ok(Value::new(groups.shown, data))
}

fn folded<N: Number>(
    groups: &Groups,
    elements: &[N],
    reduction: Reduction,
    meter: &mut Meter<'_>,
) -> Result<Vec<N>, Fault> {
    let start = match reduction {
        Reduction::Most => N::LEAST,
        Reduction::Least => N::MOST,
        Reduction::Sum => N::ZERO,
        Reduction::Product => N::ONE,
    };
    groups.fold(start, |all, index| all.combined(elements[index], reduction), meter)
}

fn cumulated(values: &[&Value], exclusive: bool, reverse: bool, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let (value, axis) = (values[0], values[0].shape.axis(values[1].whole()?)?);
    meter.take(value.data.memory())?;
    let run = Run { size: value.shape[axis], inner: value.shape.stride(axis), exclusive, reverse };
    let data = match &value.data {
        Data::Int64(elements) => Data::Int64(run.sums(elements)),
        Data::Int32(elements) => Data::Int32(run.sums(elements)),
        Data::Float32(elements) => Data::Float32(run.sums(elements)),
        Data::Float64(elements) => Data::Float64(run.sums(elements)),
        other => return Err(fault(format!("{} is no number here", other.dtype()))),
    };
    Ok(Value::new(value.shape, data))
}

/// Sums along one dimension.
struct Run {
    size: usize,
    inner: usize,
    exclusive: bool,
    reverse: bool,
}

impl Run {
    fn sums<N: Number>(&self, elements: &[N]) -> Vec<N> {
        let mut sums = elements.to_vec();
        let block = self.size * self.inner;
        for start in (0..elements.len()).step_by(block.max(1)) {
            for inner in 0..self.inner {
                let mut sum = N::ZERO;
                for step in 0..self.size {
                    let step = if self.reverse { self.size - 1 - step } else { step };
                    let at = start + step * self.inner + inner;
                    let next = sum.combined(elements[at], Reduction::Sum);
                    sums[at] = if self.exclusive { sum } else { next };
                    sum = next;
                }
            }
        }
        sums
    }
}

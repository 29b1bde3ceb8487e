use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::value::{Data, Value};
use super::operation::{Read, one};

/// An operation of two numbers.
#[derive(Clone, Copy)]
enum Pair {
    Add,
    Subtract,
    Multiply,
    FloorDivide,
    FloorModulo,
    Most,
    Least,
}

/// An operation of one number.
#[derive(Clone, Copy)]
enum Single {
    Negate,
    Absolute,
    Sign,
}

pub(super) fn read(name: &str, _: &mut Attributes) -> Read {
    match name {
        "AddV2" => pair(Pair::Add),
        "Sub" => pair(Pair::Subtract),
        "Mul" => pair(Pair::Multiply),
        "FloorDiv" => pair(Pair::FloorDivide),
        "FloorMod" => pair(Pair::FloorModulo),
        "Maximum" => pair(Pair::Most),
        "Minimum" => pair(Pair::Least),
        "Neg" => single(Single::Negate),
        "Abs" => single(Single::Absolute),
        "Sign" => single(Single::Sign),
        _ => Ok(None),
    }
}

/// Numbers of a type, as TensorFlow computes with them.
trait Number: Copy {
    /// `None` where a whole number is divided by 0.
    fn pair(self, other: Self, operation: Pair) -> Option<Self>;
    fn single(self, operation: Single) -> Self;
}

macro_rules! whole_number {
    ($type:ty, $sign:expr, $absolute:expr) => {
        impl Number for $type {
            fn pair(self, other: Self, operation: Pair) -> Option<Self> {
                Some(match operation {
                    Pair::Add => self.wrapping_add(other),
                    Pair::Subtract => self.wrapping_sub(other),
                    Pair::Multiply => self.wrapping_mul(other),
                    Pair::FloorDivide if other == 0 => return None,
                    Pair::FloorModulo if other == 0 => return None,
                    Pair::FloorDivide => {
                        let quotient = self.wrapping_div(other);
                        let rest = self.wrapping_rem(other);
                        if rest != 0 && (rest < 0) != (other < 0) { quotient - 1 } else { quotient }
                    }
                    Pair::FloorModulo => {
                        let rest = self.wrapping_rem(other);
                        if rest != 0 && (rest < 0) != (other < 0) { rest + other } else { rest }
                    }
                    Pair::Most => self.max(other),
                    Pair::Least => self.min(other),
                })
            }

            fn single(self, operation: Single) -> Self {
                match operation {
                    Single::Negate => self.wrapping_neg(),
                    Single::Absolute => $absolute(self),
                    Single::Sign => $sign(self),
                }
            }
        }
    };
}

macro_rules! real_number {
    ($type:ty) => {
        impl Number for $type {
            fn pair(self, other: Self, operation: Pair) -> Option<Self> {
                Some(match operation {
                    Pair::Add => self + other,
                    Pair::Subtract => self - other,
                    Pair::Multiply => self * other,
                    Pair::FloorDivide => (self / other).floor(),
                    Pair::FloorModulo => {
                        let rest = self % other;
                        if rest != 0.0 && (rest < 0.0) != (other < 0.0) { rest + other } else { rest }
                    }
                    Pair::Most if self.is_nan() || other.is_nan() => Self::NAN,
                    Pair::Least if self.is_nan() || other.is_nan() => Self::NAN,
                    Pair::Most => self.max(other),
                    Pair::Least => self.min(other),
                })
            }

            fn single(self, operation: Single) -> Self {
                match operation {
                    Single::Negate => -self,
                    Single::Absolute => self.abs(),
                    Single::Sign if self == 0.0 => 0.0,
                    Single::Sign if self.is_nan() => self,
                    Single::Sign => self.signum(),
                }
            }
        }
    };
}

whole_number!(i64, i64::signum, i64::wrapping_abs);
whole_number!(i32, i32::signum, i32::wrapping_abs);
real_number!(f32);
real_number!(f64);

fn pair(operation: Pair) -> Read {
    one(2..=2, move |values, meter| {
        let shape = values[0].shape.together(&values[1].shape)?;
        let data = match (&values[0].data, &values[1].data) {
            (Data::Int64(first), Data::Int64(second)) => Data::Int64(paired(values, first, second, operation, meter)?),
            (Data::Int32(first), Data::Int32(second)) => Data::Int32(paired(values, first, second, operation, meter)?),
            (Data::Float32(first), Data::Float32(second)) => {
                Data::Float32(paired(values, first, second, operation, meter)?)
            }
            (Data::Float64(first), Data::Float64(second)) => {
                Data::Float64(paired(values, first, second, operation, meter)?)
            }
            (first, second) => {
                return Err(fault(format!("{} and {} cannot be combined", first.dtype(), second.dtype())));
            }
        };
        Ok(Value::new(shape, data))
    })
}

fn paired<N: Number>(
    values: &[&Value],
    first: &[N],
    second: &[N],
    operation: Pair,
    meter: &mut Meter<'_>,
) -> Result<Vec<N>, Fault> {
    let shape = values[0].shape.together(&values[1].shape)?;
    meter.elements(shape.count(), size_of::<N>())?;
    let places = values[0].shape.within(&shape)?.zip(values[1].shape.within(&shape)?);
    let combined = places.map(|(at, other)| first[at].pair(second[other], operation));
    combined.collect::<Option<_>>().ok_or_else(|| fault("a whole number cannot be divided by 0"))
}

fn single(operation: Single) -> Read {
    one(1..=1, move |values, meter| {
        meter.take(values[0].data.memory())?;
        let data = match &values[0].data {
            Data::Int64(elements) => Data::Int64(elements.iter().map(|element| element.single(operation)).collect()),
            Data::Int32(elements) => Data::Int32(elements.iter().map(|element| element.single(operation)).collect()),
            Data::Float32(elements) => {
                Data::Float32(elements.iter().map(|element| element.single(operation)).collect())
            }
            Data::Float64(elements) => {
                Data::Float64(elements.iter().map(|element| element.single(operation)).collect())
            }
            other => return Err(fault(format!("{} is no number here", other.dtype()))),
        };
        Ok(Value::new(values[0].shape, data))
    })
}

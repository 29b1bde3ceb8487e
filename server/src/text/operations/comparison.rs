use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::Shape;
use super::super::value::{Data, Value};
use super::operation::{Read, one};

pub(super) fn read(name: &str, _: &mut Attributes) -> Read {
    match name {
        "Equal" => one(2..=2, |values, meter| equal(values, true, meter)),
        "NotEqual" => one(2..=2, |values, meter| equal(values, false, meter)),
        "Less" => ordered(|first, second| first < second, |first, second| first < second),
        "LessEqual" => ordered(|first, second| first <= second, |first, second| first <= second),
        "Greater" => ordered(|first, second| first > second, |first, second| first > second),
        "GreaterEqual" => ordered(|first, second| first >= second, |first, second| first >= second),
        "LogicalAnd" => logical(|first, second| first && second),
        "LogicalOr" => logical(|first, second| first || second),
        "LogicalNot" => one(1..=1, |values, meter| {
            let bools = values[0].bools()?;
            meter.elements(bools.len(), 1)?;
            Ok(Value::new(values[0].shape, Data::Bool(bools.iter().map(|is| !is).collect())))
        }),
        "SelectV2" => one(3..=3, selected),
        "Select" => one(3..=3, |values, meter| {
            let (condition, shape) = (values[0], values[1].shape);
            if values[2].shape != shape {
                return Err(fault("both values must have the same shape"));
            }
            if condition.shape.is_empty() || condition.shape == shape {
                return selected(values, meter);
            }
            // A list chooses among what stands at each index of dimension 0.
            let mut sizes = vec![1; shape.len()];
            if condition.shape.len() != 1 || condition.shape.first() != shape.first() {
                return Err(fault("the condition has neither the shape of the values nor their first dimension"));
            }
            sizes[0] = condition.shape[0];
            let column = Value::new(Shape::checked(&sizes)?, condition.data.clone());
            selected(&[&column, values[1], values[2]], meter)
        }),
        _ => Ok(None),
    }
}

/// Compares elements that stand at the same place.
fn compared(values: &[&Value], meter: &mut Meter<'_>, compare: impl Fn(usize, usize) -> bool) -> Result<Value, Fault> {
    let shape = values[0].shape.together(&values[1].shape)?;
    meter.elements(shape.count(), 1)?;
    let pairs = values[0].shape.within(&shape)?.zip(values[1].shape.within(&shape)?);
    Ok(Value::new(shape, Data::Bool(pairs.map(|(first, second)| compare(first, second)).collect())))
}

#[expect(clippy::float_cmp, reason = "TensorFlow compares them so")]
fn equal(values: &[&Value], is: bool, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    match (&values[0].data, &values[1].data) {
        (Data::Strings(a), Data::Strings(b)) => compared(values, meter, |i, j| (a.get(i) == b.get(j)) == is),
        (Data::Int64(a), Data::Int64(b)) => compared(values, meter, |i, j| (a[i] == b[j]) == is),
        (Data::Int32(a), Data::Int32(b)) => compared(values, meter, |i, j| (a[i] == b[j]) == is),
        (Data::Float32(a), Data::Float32(b)) => compared(values, meter, |i, j| (a[i] == b[j]) == is),
        (Data::Float64(a), Data::Float64(b)) => compared(values, meter, |i, j| (a[i] == b[j]) == is),
        (Data::Bool(a), Data::Bool(b)) => compared(values, meter, |i, j| (a[i] == b[j]) == is),
        (Data::UInt8(a), Data::UInt8(b)) => compared(values, meter, |i, j| (a[i] == b[j]) == is),
        _ => Err(unlike(values)),
    }
}

fn ordered(wholes: fn(i64, i64) -> bool, reals: fn(f64, f64) -> bool) -> Read {
    one(2..=2, move |values, meter| match (&values[0].data, &values[1].data) {
        (Data::Int64(a), Data::Int64(b)) => compared(values, meter, |i, j| wholes(a[i], b[j])),
        (Data::Int32(a), Data::Int32(b)) => compared(values, meter, |i, j| wholes(a[i].into(), b[j].into())),
        (Data::UInt8(a), Data::UInt8(b)) => compared(values, meter, |i, j| wholes(a[i].into(), b[j].into())),
        (Data::Float32(a), Data::Float32(b)) => compared(values, meter, |i, j| reals(a[i].into(), b[j].into())),
        (Data::Float64(a), Data::Float64(b)) => compared(values, meter, |i, j| reals(a[i], b[j])),
        _ => Err(unlike(values)),
    })
}

fn logical(combine: fn(bool, bool) -> bool) -> Read {
    one(2..=2, move |values, meter| {
        let (first, second) = (values[0].bools()?, values[1].bools()?);
        compared(values, meter, |i, j| combine(first[i], second[j]))
    })
}

/// Takes elements of the second value where the first is true, and of the third elsewhere.
fn selected(values: &[&Value], meter: &mut Meter<'_>) -> Result<Value, Fault> {
    let [condition, first, second] = values else { return Err(fault("three values belong here")) };
    let shape = condition.shape.together(&first.shape)?.together(&second.shape)?;
    let conditions = condition.bools()?;
    if first.data.dtype() != second.data.dtype() {
        return Err(unlike(&values[1..]));
    }
    let of_condition = condition.shape.within(&shape)?;
    let pairs = first.shape.within(&shape)?.zip(second.shape.within(&shape)?);
    // One list of both, where that is no more than the result, is the shortest way for all types.
    let offset = first.data.len();
    let mut both = first.data.empty();
    both.append(&first.data, 0..offset, meter)?;
    both.append(&second.data, 0..second.data.len(), meter)?;
    let indices = of_condition.zip(pairs).map(
        |(condition, (first, second))| {
            if conditions[condition] { first } else { offset + second }
        },
    );
    Ok(Value::new(shape, both.gather(indices, meter)?))
}

fn unlike(values: &[&Value]) -> Fault {
    fault(format!("{} stands beside {}", values[0].data.dtype(), values[1].data.dtype()))
}

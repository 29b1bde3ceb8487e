use super::super::attributes::Attributes;
use super::super::fault::{Fault, fault};
use super::super::meter::Meter;
use super::super::shape::Shape;
use super::super::value::{Data, Type, Value};
use super::operation::{Read, one};

pub(super) fn read(name: &str, attributes: &mut Attributes) -> Read {
    match name {
        "Shape" => {
            let dtype = attributes.dtype("out_type")?;
            one(1..=1, move |values, _| {
                let sizes: Vec<i64> = values[0].shape.iter().map(|&size| size as i64).collect();
                Ok(Value::new(Shape::list(sizes.len())?, wholes(sizes, dtype)?))
            })
        }
        "Size" => {
            let dtype = attributes.dtype("out_type")?;
            one(1..=1, move |values, _| Ok(Value::scalar(wholes(vec![values[0].data.len() as i64], dtype)?)))
        }
        "Rank" => one(1..=1, |values, _| Ok(Value::scalar(Data::Int32(vec![values[0].shape.len() as i32])))),
        "Reshape" => one(2..=2, |values, meter| shaped(values[0], reshaped(values)?, meter)),
        "Squeeze" => {
            let dimensions = attributes.wholes("squeeze_dims")?;
            one(1..=1, move |values, meter| shaped(values[0], squeezed(&values[0].shape, &dimensions)?, meter))
        }
        "ExpandDims" => one(2..=2, |values, meter| {
            let mut sizes = values[0].shape.to_vec();
            let at = super::super::shape::axis_of(values[1].whole()?, sizes.len() + 1)?;
            sizes.insert(at, 1);
            shaped(values[0], Shape::checked(&sizes)?, meter)
        }),
        _ => Ok(None),
    }
}

/// Makes whole numbers of a type.
pub(super) fn wholes(elements: Vec<i64>, dtype: Type) -> Result<Data, Fault> {
    match dtype {
        Type::Int64 => Ok(Data::Int64(elements)),
        Type::Int32 => Ok(Data::Int32(elements.into_iter().map(|element| element as i32).collect())),
        other => Err(fault(format!("{other} stands where a type of whole numbers belongs"))),
    }
}

/// Returns the same elements in another shape.
fn shaped(value: &Value, shape: Shape, meter: &mut Meter<'_>) -> Result<Value, Fault> {
    if shape.count() != value.data.len() {
        return Err(fault(format!("{} elements do not have the shape {:?}", value.data.len(), &*shape)));
    }
    meter.take(value.data.memory())?;
    Ok(Value::new(shape, value.data.clone()))
}

fn reshaped(values: &[&Value]) -> Result<Shape, Fault> {
    let sizes = values[1].wholes()?;
    let known: Vec<usize> = sizes.iter().filter_map(|&size| usize::try_from(size).ok()).collect();
    let product = Shape::checked(&known)?.count();
    let unknown = sizes.len() - known.len();
    if unknown > 1 || sizes.iter().any(|&size| size < -1) {
        return Err(fault("a shape has more than one unknown dimension"));
    }
    let rest = || {
        let count = values[0].data.len();
        let rest = count.checked_div(product).filter(|rest| rest * product == count);
        rest.ok_or_else(|| fault(format!("{count} elements cannot be divided into {known:?}")))
    };
    let size = |&size: &i64| usize::try_from(size).or_else(|_| rest());
    Shape::checked(&sizes.iter().map(size).collect::<Result<Vec<_>, _>>()?)
}

fn squeezed(shape: &Shape, dimensions: &[i64]) -> Result<Shape, Fault> {
    let named = dimensions.iter().map(|&axis| shape.axis(axis)).collect::<Result<Vec<_>, _>>()?;
    if let Some(wrong) = named.iter().find(|&&dimension| shape[dimension] != 1) {
        return Err(fault(format!("the dimension {wrong} of the shape {:?} cannot be left out", &**shape)));
    }
    let is_left_out = |at: usize, size: usize| if named.is_empty() { size == 1 } else { named.contains(&at) };
    let sizes = shape.iter().enumerate().filter(|&(at, &size)| !is_left_out(at, size)).map(|(_, &size)| size);
    Shape::checked(&sizes.collect::<Vec<_>>())
}

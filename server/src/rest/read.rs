//! Reads the text of a request straight into the bytes of its tensors: no value is made of what is read.
//!
//! Whatever is not a request that the model can answer is declined without a word: `explain` finds the words.

use jiter::{Jiter, Peek};

use super::request::{Caller, Form, PredictRequest};
use super::source::{Declined, Images, Read, Source};
use super::walk::{Names, repeated};
use crate::model::{Call, Description, Signature, Tensor};

/// Reads a request; `None` where the model cannot answer it.
pub(super) fn read(description: &Description, body: &[u8], caller: Caller) -> Option<PredictRequest> {
    let default = description.signature("")?;
    attempt(description, body, caller, default).ok().or_else(|| {
        // The name of the signature may stand behind the values, which were read as those of the default one.
        let named = named_signature(description, body).ok()?;
        (named != default).then(|| attempt(description, body, caller, named).ok())?
    })
}

/// The next member of the request.
enum Member {
    Values(Form),
    SignatureName,
    /// Member without a meaning here, as in TensorFlow Serving.
    Other,
}

fn attempt(description: &Description, body: &[u8], caller: Caller, presumed: usize) -> Read<PredictRequest> {
    let mut jiter = Source::new(body);
    let mut signature = presumed;
    let mut values: Option<(Form, Columns<'_>)> = None;
    let (mut is_named, mut others) = (false, Names::default());
    let mut member = jiter.next_object()?.map(|name| member_of(name, caller, &mut others));
    while let Some(found) = member {
        match found {
            Member::Values(form) => {
                if values.is_some() {
                    return Err(Declined);
                }
                let mut columns = Columns::new(&description.signatures[signature]);
                columns.read(&mut jiter, form)?;
                values = Some((form, columns));
            }
            Member::SignatureName => {
                let named = description.signature(jiter.next_str()?).ok_or(Declined)?;
                if is_named || (values.is_some() && named != signature) {
                    return Err(Declined);
                }
                (signature, is_named) = (named, true);
            }
            Member::Other => {
                if repeated(&mut jiter, &mut others)?.is_some() {
                    return Err(Declined);
                }
            }
        }
        member = jiter.next_key()?.map(|name| member_of(name, caller, &mut others));
    }
    jiter.finish()?;
    if others.end(0).is_some() {
        return Err(Declined);
    }
    let (form, columns) = values.ok_or(Declined)?;
    Ok(PredictRequest { call: columns.finish(signature)?, form })
}

fn named_signature(description: &Description, body: &[u8]) -> Read<usize> {
    let mut jiter = Jiter::new(body).with_allow_inf_nan();
    let mut name = jiter.next_object()?;
    while let Some(member) = name {
        if member == "signature_name" {
            return description.signature(jiter.next_str()?).ok_or(Declined);
        }
        jiter.next_skip()?;
        name = jiter.next_key()?;
    }
    Err(Declined)
}

fn member_of(name: &str, caller: Caller, others: &mut Names) -> Member {
    if let Some(form) = Form::of(name, caller) {
        return Member::Values(form);
    }
    if name == "signature_name" {
        return Member::SignatureName;
    }
    others.add(name);
    Member::Other
}

/// The inputs' stored bytes, as far as they are read.
struct Columns<'d> {
    signature: &'d Signature,
    columns: Vec<Column>,
}

struct Column {
    stored: Vec<u8>,
    images: Images,
    /// Items in `stored`: rows, or the elements of dimension 0 where they came row by row without a batch.
    items: usize,
}

impl<'d> Columns<'d> {
    fn new(signature: &'d Signature) -> Self {
        let column = |(input, tensor): (usize, &Tensor)| Column {
            stored: Vec::with_capacity(tensor.stored_bytes()),
            images: Images { input, sent: Vec::new() },
            items: 0,
        };
        Self { signature, columns: signature.inputs.iter().enumerate().map(column).collect() }
    }

    fn read(&mut self, jiter: &mut Source<'_>, form: Form) -> Read<()> {
        match form {
            Form::Instances => self.instances(jiter),
            Form::Inputs if self.signature.batched => {
                self.members(jiter, |tensor, jiter, column| column.rows(tensor, jiter, tensor.item_shape()))
            }
            Form::Inputs | Form::Data => {
                self.members(jiter, |tensor, jiter, column| column.item(tensor, jiter, tensor.item_shape()))
            }
        }
    }

    /// Row format: one element per row; plain values where there is one input, or objects of all inputs.
    fn instances(&mut self, jiter: &mut Source<'_>) -> Read<()> {
        let mut next = jiter.next_array()?;
        let mut all_named = None;
        while let Some(peek) = next {
            let is_named = self.members_or_value(jiter, peek, |tensor, jiter, column| {
                let shape = if tensor.item_shape().len() == tensor.stored_shape.len() {
                    // Without a batch the list of rows is the tensor.
                    tensor.item_shape().get(1..).ok_or(Declined)?
                } else {
                    tensor.item_shape()
                };
                column.item(tensor, jiter, shape)
            })?;
            if *all_named.get_or_insert(is_named) != is_named {
                return Err(Declined);
            }
            next = jiter.array_step()?;
        }
        let fits = |(tensor, column): (&Tensor, &Column)| {
            self.signature.batched || tensor.stored_shape.first() == Some(&column.items)
        };
        if self.signature.inputs.iter().zip(&self.columns).all(fits) { Ok(()) } else { Err(Declined) }
    }

    /// An object of all inputs, or the plain value where there is one input.
    fn members(
        &mut self,
        jiter: &mut Source<'_>,
        read: impl FnMut(&Tensor, &mut Source<'_>, &mut Column) -> Read<()>,
    ) -> Read<()> {
        let peek = jiter.peek()?;
        self.members_or_value(jiter, peek, read).map(|_| ())
    }

    /// Reads each input once by `read`. Returns whether they are named.
    fn members_or_value(
        &mut self,
        jiter: &mut Source<'_>,
        peek: Peek,
        mut read: impl FnMut(&Tensor, &mut Source<'_>, &mut Column) -> Read<()>,
    ) -> Read<bool> {
        let inputs = &self.signature.inputs;
        let takes_bytes = || matches!(&inputs[..], [tensor] if tensor.image.is_some() || tensor.has_strings());
        if peek != Peek::Object || (takes_bytes() && jiter.is_base64()) {
            let ([tensor], [column]) = (&inputs[..], &mut self.columns[..]) else {
                return Err(Declined);
            };
            return read(tensor, jiter, column).map(|()| false);
        }
        let find = |name: Option<&str>| {
            name.map(|name| inputs.iter().position(|tensor| tensor.name == name).ok_or(Declined)).transpose()
        };
        let mut done = vec![false; inputs.len()];
        let mut next = find(jiter.known_object()?)?;
        while let Some(position) = next {
            if std::mem::replace(&mut done[position], true) {
                return Err(Declined);
            }
            read(&inputs[position], jiter, &mut self.columns[position])?;
            next = find(jiter.next_key()?)?;
        }
        if done.iter().all(|&done| done) { Ok(true) } else { Err(Declined) }
    }

    /// The call, whose images are not decoded yet.
    fn finish(self, signature: usize) -> Read<Call> {
        let rows = if self.signature.batched { self.columns[0].items } else { 1 };
        if rows == 0 || (self.signature.batched && self.columns.iter().any(|column| column.items != rows)) {
            return Err(Declined);
        }
        let mut call = Call { signature, rows, ..Call::default() };
        for column in self.columns {
            call.columns.push(column.stored);
            call.images.extend(column.images.sent);
        }
        Ok(call)
    }
}

impl Column {
    fn rows(&mut self, tensor: &Tensor, jiter: &mut Source<'_>, shape: &[usize]) -> Read<()> {
        let mut next = jiter.next_array()?;
        while let Some(peek) = next {
            jiter.values(tensor, peek, shape, &mut self.stored, Some(&mut self.images))?;
            self.items += 1;
            next = jiter.array_step()?;
        }
        Ok(())
    }

    fn item(&mut self, tensor: &Tensor, jiter: &mut Source<'_>, shape: &[usize]) -> Read<()> {
        let peek = jiter.peek()?;
        self.items += 1;
        jiter.values(tensor, peek, shape, &mut self.stored, Some(&mut self.images))
    }
}

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tonic::{Code, Request, Response, Status};

use super::deadline::Received;
use super::proto::TensorProto;
use super::proto::serving::prediction_service_server::PredictionService;
use super::proto::serving::{
    GetModelMetadataRequest, GetModelMetadataResponse, ModelSpec, PredictRequest, PredictResponse,
};
use super::{footprint, metadata, spec, tensor};
use crate::model::{Call, Description, Outputs, SentImage};
use crate::rest::sentence::printable;
use crate::rest::texts::prepare;
use crate::server::budget::Shared;
use crate::server::failure::Failure;
use crate::server::metrics::Entry;
use crate::server::state::{State, compute, count};

/// Most characters to show of a name that a client sent.
const MOST_SHOWN: usize = 100;

/// `PredictionService`.
pub(super) struct Prediction(pub Arc<State>);

#[tonic::async_trait]
impl PredictionService for Prediction {
    async fn predict(&self, request: Request<PredictRequest>) -> Result<Response<PredictResponse>, Status> {
        let Some(Received { start, deadline, share }) = request.extensions().get().cloned() else {
            return Err(Status::internal("the request was not received"));
        };
        let request = request.into_inner();
        let spec = spec::required(request.model_spec.as_ref())?;
        let servable = Arc::clone(self.0.catalogue.find(&spec.name, spec.choice()).map_err(Failure::from)?);
        // What decoding images takes does not follow from the size: it is done by threads that have no connections.
        let size = request.inputs.values().map(tensor::size).fold(0, usize::saturating_add);
        let unsent = share.unsent(size);
        let takes_images = servable.description.takes_images();
        let size = Some(size).filter(|_| !takes_images || !request.inputs.values().any(tensor::has_strings));
        let _caller = size.is_none().then(|| share.caller());
        let (capture, most) = (self.0.sample(), self.0.max_answer_bytes);
        let read = {
            let share = share.clone();
            move |description: Arc<Description>| {
                let (call, asked) = asked(&description, &request, &share, most)?;
                let write = move |call: &Call, outputs: &Outputs| {
                    if let Some(capture) = &capture {
                        capture.keep_tensors(&description, call, outputs);
                    }
                    let response = response(&description, call.signature, &asked.outputs, outputs);
                    share.keep(asked.memory);
                    Ok(response)
                };
                Ok((call, write))
            }
        };
        let result = compute(&self.0, &servable, (Entry::GrpcPredict, size, unsent), deadline, read).await;
        count(&servable, Entry::GrpcPredict, start, &result);
        Ok(Response::new(result?))
    }

    async fn get_model_metadata(
        &self,
        request: Request<GetModelMetadataRequest>,
    ) -> Result<Response<GetModelMetadataResponse>, Status> {
        let request = request.get_ref();
        let spec = spec::required(request.model_spec.as_ref())?;
        if request.metadata_field.is_empty() || request.metadata_field.iter().any(|field| field != metadata::FIELD) {
            return Err(Status::invalid_argument(format!("metadata_field must be {}", metadata::FIELD)));
        }
        let servable = self.0.catalogue.find(&spec.name, spec.choice()).map_err(Failure::from)?;
        let description = &servable.description;
        Ok(Response::new(GetModelMetadataResponse {
            model_spec: Some(ModelSpec::answered_by(&description.model, description.version, "")),
            metadata: HashMap::from([(metadata::FIELD.to_owned(), metadata::signatures(description))]),
        }))
    }
}

/// The form of the answer that a request asks for.
pub(super) struct Asked {
    /// Positions of the outputs to answer.
    outputs: Vec<usize>,
    /// Bytes of memory that the answer takes.
    memory: usize,
}

/// Reads a request.
///
/// # Arguments
///
/// * `share`: of the memory, where the request is counted already.
/// * `most`: of the answer, in bytes.
fn asked(
    description: &Description,
    request: &PredictRequest,
    share: &Shared,
    most: usize,
) -> Result<(Call, Asked), Failure> {
    let call = call(description, request, share)?;
    let outputs = wanted(description, call.signature, &request.output_filter)?;
    let (memory, wire) = footprint::answer(&description.signatures[call.signature], &outputs, call.rows, false);
    if wire > most {
        return Err(Failure::large_answer(wire, most));
    }
    share.take(memory)?;
    Ok((call, Asked { outputs, memory }))
}

/// Answers a request by outputs that `run` makes.
#[cfg(feature = "fuzzing")]
pub(super) fn answer(
    description: &Description,
    request: &PredictRequest,
    share: &Shared,
    most: usize,
    run: impl FnOnce(&Call) -> Result<Outputs, Failure>,
) -> Result<PredictResponse, Failure> {
    let (call, asked) = asked(description, request, share, most)?;
    Ok(response(description, call.signature, &asked.outputs, &run(&call)?))
}

fn call(description: &Description, request: &PredictRequest, share: &Shared) -> Result<Call, Failure> {
    let name = request.model_spec.as_ref().map_or("", |spec| &spec.signature_name);
    let index = description.signature(name).ok_or_else(|| {
        let known: Vec<_> = description.signatures.iter().map(|signature| format!("'{}'", signature.name)).collect();
        let message =
            format!("unknown signature '{}'; the model has {}", printable(name, MOST_SHOWN), known.join(", "));
        // Answer with TensorFlow Serving's code.
        Failure { code: Code::FailedPrecondition, ..Failure::invalid(message) }
    })?;
    let signature = &description.signatures[index];
    let unknown: BTreeSet<_> =
        request.inputs.keys().filter(|key| !signature.inputs.iter().any(|tensor| tensor.name == **key)).collect();
    if let Some(key) = unknown.first() {
        let known: Vec<_> = signature.inputs.iter().map(|tensor| format!("'{}'", tensor.name)).collect();
        let message = format!(
            "unknown input '{}'; the signature '{}' takes {}",
            printable(key, MOST_SHOWN),
            signature.name,
            known.join(", ")
        );
        return Err(Failure::invalid(message));
    }
    let mut rows = None;
    let mut columns = Vec::with_capacity(signature.inputs.len());
    let mut images = Vec::new();
    for input in &signature.inputs {
        let given = request
            .inputs
            .get(&input.name)
            .ok_or_else(|| Failure::invalid(format!("input '{}' is missing", input.name)))?;
        let (given_rows, column) = if input.image.is_some() && tensor::has_strings(given) {
            let (rows, sent) = tensor::images(input, signature.batched, given, share)?;
            let sent = sent.into_iter().enumerate();
            images.extend(sent.map(|(row, encoded)| SentImage { input: columns.len(), row, encoded }));
            (rows, Vec::new())
        } else {
            tensor::read(input, signature.batched, given, share)?
        };
        let expected = *rows.get_or_insert(given_rows);
        if expected != given_rows {
            return Err(Failure::invalid(format!(
                "the inputs have different numbers of rows: {expected}, and '{}' {given_rows}",
                input.name
            )));
        }
        columns.push(column);
    }
    let mut call = Call { signature: index, rows: rows.unwrap_or(1), columns, images, sent_columns: None };
    prepare(description, &mut call, |need| share.take_in_time(need))?;
    Ok(call)
}

/// The positions of the outputs that the client wants: all of them where it does not say.
fn wanted(description: &Description, signature: usize, filter: &[String]) -> Result<Vec<usize>, Failure> {
    let outputs = &description.signatures[signature].outputs;
    if filter.is_empty() {
        return Ok((0..outputs.len()).collect());
    }
    let mut positions = BTreeSet::new();
    for name in filter {
        let position = outputs.iter().position(|tensor| tensor.name == *name);
        let position = position.ok_or_else(|| {
            Failure::invalid(format!("output_filter: unknown output '{}'", printable(name, MOST_SHOWN)))
        })?;
        if !positions.insert(position) {
            return Err(Failure::invalid(format!(
                "output_filter: output '{}' is there twice",
                printable(name, MOST_SHOWN)
            )));
        }
    }
    Ok(positions.into_iter().collect())
}

fn response(description: &Description, signature: usize, wanted: &[usize], outputs: &Outputs) -> PredictResponse {
    let signature = &description.signatures[signature];
    let tensors: HashMap<String, TensorProto> = wanted
        .iter()
        .map(|&position| {
            let output = &signature.outputs[position];
            let rows = signature.batched.then_some(outputs.rows);
            (output.name.clone(), tensor::write(output, rows, &outputs.columns[position]))
        })
        .collect();
    PredictResponse {
        model_spec: Some(ModelSpec::answered_by(&description.model, description.version, &signature.name)),
        outputs: tensors,
    }
}

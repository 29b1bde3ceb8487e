//! `GRPCInferenceService` of the Open Inference Protocol.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use tonic::{Request, Response, Status};

use super::deadline::Received;
use super::proto::inference::grpc_inference_service_server::GrpcInferenceService;
use super::proto::inference::infer_parameter::ParameterChoice;
use super::proto::inference::model_infer_request::InferInputTensor;
use super::proto::inference::model_infer_response::InferOutputTensor;
use super::proto::inference::model_metadata_response::TensorMetadata;
use super::proto::inference::{
    InferParameter, InferTensorContents, ModelInferRequest, ModelInferResponse, ModelMetadataRequest,
    ModelMetadataResponse, ModelReadyRequest, ModelReadyResponse, ServerLiveRequest, ServerLiveResponse,
    ServerMetadataRequest, ServerMetadataResponse, ServerReadyRequest, ServerReadyResponse,
};
use super::tensor::{IMAGE, texts};
use super::{contents, footprint};
use crate::inference::{
    BYTES, Inputs, Place, elements, extension, metadata, not_offered, output_position, signature, stored,
};
use crate::model::{Call, Description, Outputs, Tensor};
use crate::rest::texts::prepare;
use crate::server::budget::Shared;
use crate::server::catalogue::{Choice, Servable};
use crate::server::failure::Failure;
use crate::server::inference::find;
use crate::server::metrics::Entry;
use crate::server::state::{State, compute, count};

/// `GRPCInferenceService`.
pub(super) struct Inference(pub Arc<State>);

#[tonic::async_trait]
impl GrpcInferenceService for Inference {
    async fn server_live(&self, _: Request<ServerLiveRequest>) -> Result<Response<ServerLiveResponse>, Status> {
        Ok(Response::new(ServerLiveResponse { live: true }))
    }

    async fn server_ready(&self, _: Request<ServerReadyRequest>) -> Result<Response<ServerReadyResponse>, Status> {
        Ok(Response::new(ServerReadyResponse { ready: !self.0.is_draining() }))
    }

    async fn model_ready(&self, request: Request<ModelReadyRequest>) -> Result<Response<ModelReadyResponse>, Status> {
        let ModelReadyRequest { name, version } = request.get_ref();
        servable(&self.0, name, version)?;
        Ok(Response::new(ModelReadyResponse { ready: !self.0.is_draining() }))
    }

    async fn server_metadata(
        &self,
        _: Request<ServerMetadataRequest>,
    ) -> Result<Response<ServerMetadataResponse>, Status> {
        Ok(Response::new(ServerMetadataResponse {
            name: metadata::NAME.to_owned(),
            version: metadata::VERSION.to_owned(),
            // Name none: the extensions of REST have no meaning here.
            extensions: Vec::new(),
        }))
    }

    async fn model_metadata(
        &self,
        request: Request<ModelMetadataRequest>,
    ) -> Result<Response<ModelMetadataResponse>, Status> {
        let ModelMetadataRequest { name, version } = request.get_ref();
        let description = &servable(&self.0, name, version)?.description;
        let versions = if version.is_empty() {
            self.0.catalogue.versions(name, Choice::Default).map_err(Failure::from)?
        } else {
            vec![description.version]
        };
        let signature = metadata::default_signature(description);
        let of = |tensor: &Tensor| TensorMetadata {
            name: tensor.name.clone(),
            datatype: tensor.dtype.inference().to_owned(),
            shape: tensor.shape.clone(),
        };
        Ok(Response::new(ModelMetadataResponse {
            name: description.model.clone(),
            versions: versions.iter().map(u64::to_string).collect(),
            platform: metadata::PLATFORM.to_owned(),
            inputs: signature.inputs.iter().map(of).collect(),
            outputs: signature.outputs.iter().map(of).collect(),
        }))
    }

    async fn model_infer(&self, request: Request<ModelInferRequest>) -> Result<Response<ModelInferResponse>, Status> {
        let Some(Received { start, deadline, share }) = request.extensions().get().cloned() else {
            return Err(Status::internal("the request was not received"));
        };
        let request = request.into_inner();
        let servable = Arc::clone(servable(&self.0, &request.model_name, &request.model_version)?);
        let values = |shape: &[i64]| {
            let sizes = shape.iter().map(|&size| usize::try_from(size).unwrap_or(usize::MAX));
            sizes.fold(1, usize::saturating_mul)
        };
        let size = request.inputs.iter().map(|input| values(&input.shape)).fold(0, usize::saturating_add);
        let size = size.saturating_add(text_bytes(&request));
        let unsent = share.unsent(size);
        let is_image = |input: &InferInputTensor| servable.description.takes_images() && input.datatype == BYTES;
        let size = Some(size).filter(|_| !request.inputs.iter().any(is_image));
        let _caller = size.is_none().then(|| share.caller());
        let (capture, most) = (self.0.sample(), self.0.max_answer_bytes);
        let read = {
            let share = share.clone();
            move |description: Arc<Description>| {
                let (call, asked) = asked(&description, request, &share, most)?;
                let write = move |call: &Call, outputs: &Outputs| {
                    if let Some(capture) = &capture {
                        capture.keep_tensors(&description, call, outputs);
                    }
                    let memory = asked.memory;
                    let response = response(&description, call.signature, asked, outputs);
                    share.keep(memory);
                    Ok(response)
                };
                Ok((call, write))
            }
        };
        let result = compute(&self.0, &servable, (Entry::GrpcInfer, size, unsent), deadline, read).await;
        count(&servable, Entry::GrpcInfer, start, &result);
        Ok(Response::new(result?))
    }
}

/// The bytes of texts in a request, each of which takes time. Numbers are counted by their shapes.
fn text_bytes(request: &ModelInferRequest) -> usize {
    let contents = request.inputs.iter().filter_map(|input| input.contents.as_ref());
    let typed: usize = contents.flat_map(|contents| &contents.bytes_contents).map(Bytes::len).sum();
    let raw = request.inputs.iter().zip(&request.raw_input_contents).filter(|(input, _)| input.datatype == BYTES);
    typed + raw.map(|(_, raw)| raw.len()).sum::<usize>()
}

/// The version that a request names.
fn servable<'s>(state: &'s State, name: &str, version: &str) -> Result<&'s Arc<Servable>, Failure> {
    find(state, name, Some(version).filter(|version| !version.is_empty()))
}

/// The form of the answer that a request asks for.
struct Asked {
    id: String,
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
    request: ModelInferRequest,
    share: &Shared,
    most: usize,
) -> Result<(Call, Asked), Failure> {
    let call = call(description, &request, share)?;
    let signature = &description.signatures[call.signature];
    let mut outputs = Vec::new();
    for output in &request.outputs {
        check_parameters(&output.parameters)?;
        outputs.push(output_position(signature, &output.name, outputs.iter().copied())?);
    }
    if outputs.is_empty() {
        outputs = (0..signature.outputs.len()).collect();
    }
    let (memory, wire) = footprint::answer(signature, &outputs, call.rows, true);
    let wire = wire.saturating_add(request.id.len());
    if wire > most {
        return Err(Failure::large_answer(wire, most));
    }
    share.take(memory)?;
    Ok((call, Asked { id: request.id, outputs, memory }))
}

/// Answers a request by outputs that `run` makes.
#[cfg(feature = "fuzzing")]
pub(super) fn answer(
    description: &Description,
    request: ModelInferRequest,
    share: &Shared,
    most: usize,
    run: impl FnOnce(&Call) -> Result<Outputs, Failure>,
) -> Result<ModelInferResponse, Failure> {
    let (call, asked) = asked(description, request, share, most)?;
    Ok(response(description, call.signature, asked, &run(&call)?))
}

fn response(description: &Description, signature: usize, asked: Asked, outputs: &Outputs) -> ModelInferResponse {
    let signature = &description.signatures[signature];
    let mut response = ModelInferResponse {
        model_name: description.model.clone(),
        model_version: description.version.to_string(),
        id: asked.id,
        ..ModelInferResponse::default()
    };
    for position in asked.outputs {
        let (tensor, stored) = (&signature.outputs[position], &outputs.columns[position]);
        let rows = signature.batched.then_some(outputs.rows);
        // Answer as Triton does, however the request came: its clients look nowhere else.
        response.raw_output_contents.push(Bytes::from(tensor.dequantized(stored).into_owned()));
        response.outputs.push(InferOutputTensor {
            name: tensor.name.clone(),
            datatype: tensor.dtype.inference().to_owned(),
            shape: rows.into_iter().chain(tensor.item_shape().iter().copied()).map(|size| size as i64).collect(),
            parameters: HashMap::new(),
            contents: None,
        });
    }
    response
}

/// Copies the images of an input.
fn images(
    place: Place<'_>,
    raw: Option<&Bytes>,
    contents: Option<&InferTensorContents>,
    share: &Shared,
) -> Result<Vec<Vec<u8>>, Failure> {
    let name = &place.tensor.name;
    match (raw, contents) {
        (Some(raw), None) => {
            share.take(2 * raw.len())?;
            Ok(elements(place, raw)?)
        }
        (Some(_), Some(_)) => Err(Failure::invalid(format!("input '{name}' has both contents and raw_input_contents"))),
        (None, contents) => {
            let given = contents.map_or(&[][..], |contents| &contents.bytes_contents);
            if given.len() != place.count {
                return Err(Failure::invalid(format!(
                    "input '{name}' has {} elements in the contents of BYTES; its shape has {}",
                    given.len(),
                    place.count
                )));
            }
            let bytes = given.iter().map(Bytes::len).sum::<usize>();
            share.take(2 * bytes + IMAGE * given.len())?;
            Ok(given.iter().map(|image| image.to_vec()).collect())
        }
    }
}

fn call(description: &Description, request: &ModelInferRequest, share: &Shared) -> Result<Call, Failure> {
    check_parameters(&request.parameters)?;
    let index = match request.parameters.get("signature_name").map(|parameter| &parameter.parameter_choice) {
        None => signature(description, "")?,
        Some(Some(ParameterChoice::StringParam(name))) => signature(description, name)?,
        Some(_) => return Err(Failure::invalid("signature_name must be a string")),
    };
    let (given, raw) = (&request.inputs, &request.raw_input_contents);
    if !raw.is_empty() && raw.len() != given.len() {
        let message = format!("raw_input_contents has {} tensors, and inputs {}", raw.len(), given.len());
        return Err(Failure::invalid(message));
    }
    let mut inputs = Inputs::new(&description.signatures[index]);
    for (position, input) in given.iter().enumerate() {
        check_parameters(&input.parameters)?;
        let place = inputs.place(&input.name, &input.datatype, &input.shape)?;
        if place.has_images {
            inputs.put_images(place, images(place, raw.get(position), input.contents.as_ref(), share)?);
            continue;
        }
        let values = match (raw.get(position), &input.contents) {
            (Some(raw), None) if raw.len() == place.bytes() || place.tensor.has_strings() => Cow::Borrowed(&raw[..]),
            (Some(_), Some(_)) => {
                let message = format!("input '{}' has both contents and raw_input_contents", place.tensor.name);
                return Err(Failure::invalid(message));
            }
            (Some(raw), None) => {
                return Err(Failure::invalid(format!(
                    "input '{}' has {} bytes in raw_input_contents; {} values of {} have {}",
                    place.tensor.name,
                    raw.len(),
                    place.count,
                    place.tensor.dtype.inference(),
                    place.bytes()
                )));
            }
            (None, Some(given)) if place.tensor.has_strings() => {
                Cow::Owned(texts(place.tensor, place.count, &given.bytes_contents, share)?)
            }
            (None, given) => Cow::Owned(contents::read(place, given.as_ref(), |bytes| share.take(bytes))?),
        };
        // Texts that were sent one by one are a column already.
        let copied = match &values {
            Cow::Borrowed(raw) if place.tensor.has_strings() => raw.len(),
            Cow::Owned(_) if place.tensor.has_strings() => 0,
            _ => place.count * place.tensor.stored.size(),
        };
        share.take(copied)?;
        inputs.put(place, stored(place, values)?);
    }
    let mut call = inputs.finish(index)?;
    prepare(description, &mut call, |need| share.take_in_time(need))?;
    Ok(call)
}

fn check_parameters(parameters: &HashMap<String, InferParameter>) -> Result<(), Failure> {
    match parameters.keys().filter_map(|name| extension(name)).min() {
        None => Ok(()),
        Some(extension) => Err(not_offered(extension).into()),
    }
}

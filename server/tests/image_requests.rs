//! Requests with images, without a model: what is read of them, and how much memory is taken before.

use std::borrow::Cow;
use std::path::PathBuf;

use data_encoding::BASE64;
use model_server::inference::InferRequest;
use model_server::model::{Call, Description};
use model_server::rest::{Caller, PredictRequest, Refusal, unlimited};

const IMAGE: &str = r#""image": {"method": "nearest", "antialias": false, "channelOrder": "RGB",
    "scale": [1.0, 1.0, 1.0], "offset": [0.0, 0.0, 0.0]}"#;
/// Bytes of a row: 30 x 37 x 3 numbers of a byte.
const ROW: usize = 30 * 37 * 3;

fn description(dtype: &str, shape: &str, image: &str) -> Description {
    let batched = shape.starts_with("[-1");
    let stored = shape.replace("-1", "1");
    let text = format!(
        r#"{{"schemaVersion": 1, "model": "m", "version": 1, "defaultSignature": "s", "signatures": {{
            "s": {{"batched": {batched},
                "inputs": {{"image": {{"dtype": "{dtype}", "shape": {shape},
                    "tensor": {{"dtype": "{dtype}", "shape": {stored}}}, {image}}}}},
                "outputs": {{"y": {{"dtype": "float32", "shape": {shape},
                    "tensor": {{"dtype": "float32", "shape": {stored}}}}}}}}}
        }}}}"#
    );
    Description::parse(text.as_bytes()).unwrap()
}

fn model() -> Description {
    description("uint8", "[-1, 30, 37, 3]", IMAGE)
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join("images").join(name)).unwrap()
}

fn b64(name: &str) -> String {
    format!(r#"{{"b64": "{}"}}"#, BASE64.encode(&file(name)))
}

fn read(body: &str) -> Result<Call, String> {
    let request = PredictRequest::read(&model(), body.as_bytes(), Caller::Direct, unlimited);
    request.map(|request| request.call).map_err(|refusal| refusal.message.into_owned())
}

fn numbers(value: u8) -> String {
    let pixel = format!("[{value},{value},{value}]");
    let row = format!("[{}]", vec![pixel; 37].join(","));
    format!("[{}]", vec![row; 30].join(","))
}

#[test]
fn a_image_stands_where_the_list_of_a_rows_numbers_would() {
    let image = b64("rgb.png");
    let expected = read(&format!(r#"{{"instances": [{image}]}}"#)).unwrap();
    assert_eq!((expected.rows, expected.columns[0].len()), (1, ROW));
    for body in [
        format!(r#"{{"instances": [{{"image": {image}}}]}}"#),
        format!(r#"{{"inputs": [{image}]}}"#),
        format!(r#"{{"inputs": {{"image": [{image}]}}}}"#),
        format!(r#"{{"data": {image}}}"#),
        format!(r#"{{"data": {{"image": {image}}}}}"#),
        format!(r#"{{"instances": [{}]}}"#, image.replace('/', r"\/")),
    ] {
        assert_eq!(read(&body), Ok(expected.clone()), "{body:.80}");
    }
}

#[test]
fn images_and_numbers_keep_the_order_of_their_rows() {
    let (image, one, two) = (b64("rgb.png"), numbers(1), numbers(2));
    let alone = read(&format!(r#"{{"instances": [{image}]}}"#)).unwrap().columns.remove(0);
    for (rows, expected) in [
        ([&one, &image, &two], [&[1; ROW][..], &alone, &[2; ROW]]),
        ([&image, &image, &one], [&alone, &alone, &[1; ROW]]),
        ([&one, &two, &image], [&[1; ROW], &[2; ROW], &alone]),
    ] {
        let call = read(&format!(r#"{{"instances": [{}]}}"#, rows.map(String::as_str).join(","))).unwrap();
        assert_eq!((call.rows, &call.columns[0]), (3, &expected.concat()));
    }
}

#[test]
fn a_signature_without_a_batch_has_as_many_images_as_its_shape() {
    let model = description("uint8", "[2, 30, 37, 3]", IMAGE);
    let read = |body: &str| PredictRequest::read(&model, body.as_bytes(), Caller::Http, unlimited);
    let image = b64("rgb.png");
    for member in ["instances", "inputs"] {
        let request = read(&format!(r#"{{"{member}": [{image}, {image}]}}"#)).unwrap();
        assert_eq!((request.call.rows, request.call.columns[0].len()), (1, 2 * ROW));
        assert!(read(&format!(r#"{{"{member}": [{image}]}}"#)).is_err());
    }
    assert!(PredictRequest::of_image(&model, &file("rgb.png"), unlimited).is_err());
}

#[test]
fn a_text_that_is_no_image_is_refused_where_it_stands() {
    let refused = |body: &str| read(body).unwrap_err();
    assert_eq!(
        refused(r#"{"instances": [{"b64": "*"}]}"#),
        "instances[0]: bytes that are not valid base64 stand where a JPEG or PNG belongs; each instance is uint8 of \
         shape [30, 37, 3]"
    );
    let short = refused(r#"{"inputs": {"image": [{"b64": ""}]}}"#);
    assert!(short.starts_with(r#"inputs["image"][0]: too few bytes for an image stand where"#), "{short}");
    let bare = refused(&format!(r#"{{"inputs": {}}}"#, b64("rgb.png")));
    assert!(bare.contains("an object stands where the list of rows belongs"), "{bare}");
    let deep = refused(&format!(r#"{{"instances": [[{}]]}}"#, b64("rgb.png")));
    assert!(deep.contains("a list of 1 stands where a list of 30 belongs"), "{deep}");
    let more = refused(r#"{"instances": [{"b64": "AAAA", "other": 1}]}"#);
    assert!(more.contains("has the keys"), "{more}");
}

#[test]
fn memory_is_taken_before_images_are_decoded() {
    let body = format!(r#"{{"instances": [{0}, {0}]}}"#, b64("rgb.png"));
    let mut taken = Vec::new();
    let request = PredictRequest::read(&model(), body.as_bytes(), Caller::Http, |need| {
        taken.push(need);
        Ok::<_, Refusal>(())
    });
    assert!(request.is_ok());
    // For the rows, for the first image, and nothing more for the second.
    let bytes: Vec<usize> = taken.iter().map(|need| need.bytes).collect();
    assert_eq!((bytes.len(), bytes[0], bytes[2]), (3, 2 * ROW, 0));
    assert!(bytes[1] > 4 * 30 * 37, "{bytes:?}");
    assert_eq!([taken[0].pixels, taken[2].pixels], [0, taken[1].pixels]);
    assert!(taken[1].pixels > 0);
    let mut asked = 0;
    let refused = PredictRequest::read(&model(), body.as_bytes(), Caller::Http, |_| {
        asked += 1;
        Err(Refusal::too_large("none left"))
    });
    assert_eq!((asked, refused.map_err(|refusal| refusal.status)), (1, Err(413)));
}

#[test]
fn bytes_of_the_inference_protocol_are_images() {
    let (one, other) = (file("rgb.png"), file("420.jpg"));
    let texts = format!(r#"["{}", "{}"]"#, BASE64.encode(&one), BASE64.encode(&other));
    let read = |body: &[u8], length| InferRequest::read(&model(), Cow::Borrowed(body), length, unlimited);
    let json = format!(r#"{{"inputs": [{{"name": "image", "datatype": "BYTES", "shape": [2], "data": {texts}}}]}}"#);
    let call = read(json.as_bytes(), None).unwrap().call;
    assert_eq!((call.rows, call.columns[0].len(), call.images.len()), (2, 2 * ROW, 2));
    // What it is of comes last.
    let late = format!(r#"{{"inputs": [{{"data": {texts}, "shape": [2, 1], "datatype": "BYTES", "name": "image"}}]}}"#);
    assert_eq!(read(late.as_bytes(), None).unwrap().call, call);
    let binary = [&one, &other].map(|bytes| [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()).concat();
    let size = binary.len();
    let head = format!(
        r#"{{"inputs": [{{"name": "image", "datatype": "BYTES", "shape": [2],
            "parameters": {{"binary_data_size": {size}}}}}]}}"#
    );
    let whole = [head.as_bytes(), &binary].concat();
    assert_eq!(read(&whole, Some(head.len())).unwrap().call, call);
    assert_eq!((call.sent_bytes(), call.sent().columns[0].len()), (one.len() + other.len(), 0));
}

#[test]
fn only_a_body_that_may_hold_images_is_read_elsewhere() {
    let (with, without) = (model(), description("uint8", "[-1, 30, 37, 3]", r#""image": null"#));
    for (body, may) in [
        (&br#"{"instances": [{"b64": "AA"}]}"#[..], true),
        (br#"{"instances": [{"\u00624": "AA"}]}"#, true),
        (br#"{"inputs": [{"datatype": "BYTES"}]}"#, true),
        (br#"{"instances": [[1, 2]]}"#, false),
    ] {
        assert_eq!((with.may_hold_images(body), without.may_hold_images(body)), (may, false));
    }
}

//! Making nodes, and asking them for their attributes.

use bytes::Bytes;

use super::model::same_domain;
use super::proto::{AttributeProto, AttributeType, NodeProto, TensorProto};

impl NodeProto {
    /// A node of ONNX's own operators; `""` stands for an input that is left out.
    #[must_use]
    pub fn new<I: Into<String>, O: Into<String>>(
        op_type: &str,
        inputs: impl IntoIterator<Item = I>,
        outputs: impl IntoIterator<Item = O>,
    ) -> Self {
        Self {
            op_type: Some(op_type.to_owned()),
            input: inputs.into_iter().map(Into::into).collect(),
            output: outputs.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The same with a name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// The same with the operator taken from `domain`.
    #[must_use]
    pub fn of_domain(self, domain: &str) -> Self {
        Self { domain: Some(domain.to_owned()), ..self }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, attribute: AttributeProto) -> Self {
        self.attribute.push(attribute);
        self
    }

    /// Whether it is the operator `op_type` of `domain` (`""` for ONNX's own).
    #[must_use]
    pub fn is(&self, domain: &str, op_type: &str) -> bool {
        self.op_type.as_deref() == Some(op_type) && same_domain(self.domain.as_deref().unwrap_or(""), domain)
    }

    /// The operator's name if it is one of ONNX's own, else `""`.
    #[must_use]
    pub fn op(&self) -> &str {
        if same_domain(self.domain.as_deref().unwrap_or(""), "") { self.op_type.as_deref().unwrap_or("") } else { "" }
    }

    /// The input at `index`, unless it is left out.
    #[must_use]
    pub fn input_at(&self, index: usize) -> Option<&str> {
        self.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The output at `index`, unless it is left out.
    #[must_use]
    pub fn output_at(&self, index: usize) -> Option<&str> {
        self.output.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The attribute of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }

    /// The integer attribute of that name.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.i
    }

    /// The float attribute of that name.
    #[must_use]
    pub fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.f
    }

    /// The list of integers of that name; empty where there is none.
    #[must_use]
    pub fn ints(&self, name: &str) -> &[i64] {
        self.attribute(name).map_or(&[], |attribute| &attribute.ints)
    }

    /// The text attribute of that name, if it is UTF-8.
    #[must_use]
    pub fn string(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.attribute(name)?.s.as_ref()?).ok()
    }

    /// The tensor attribute of that name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorProto> {
        self.attribute(name)?.t.as_ref()
    }
}

impl AttributeProto {
    fn of(name: &str, kind: AttributeType) -> Self {
        Self { name: Some(name.to_owned()), r#type: Some(kind.into()), ..Self::default() }
    }

    /// An integer.
    #[must_use]
    pub fn from_int(name: &str, value: i64) -> Self {
        Self { i: Some(value), ..Self::of(name, AttributeType::Int) }
    }

    /// A float.
    #[must_use]
    pub fn from_float(name: &str, value: f32) -> Self {
        Self { f: Some(value), ..Self::of(name, AttributeType::Float) }
    }

    /// A list of integers.
    #[must_use]
    pub fn from_ints(name: &str, values: &[i64]) -> Self {
        Self { ints: values.to_vec(), ..Self::of(name, AttributeType::Ints) }
    }

    /// A text.
    #[must_use]
    pub fn from_text(name: &str, value: &str) -> Self {
        Self { s: Some(Bytes::copy_from_slice(value.as_bytes())), ..Self::of(name, AttributeType::String) }
    }

    /// A tensor.
    #[must_use]
    pub fn from_tensor(name: &str, value: TensorProto) -> Self {
        Self { t: Some(value), ..Self::of(name, AttributeType::Tensor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_by_name_and_kind() {
        let node = NodeProto::new("MultiHeadAttention", ["q", "", "v"], ["y"])
            .of_domain("com.microsoft")
            .named("attn")
            .with(AttributeProto::from_int("num_heads", 8))
            .with(AttributeProto::from_float("scale", 0.5))
            .with(AttributeProto::from_ints("perm", &[0, 2]))
            .with(AttributeProto::from_text("mode", "linear"));
        assert!(node.is("com.microsoft", "MultiHeadAttention") && !node.is("", "MultiHeadAttention"));
        assert_eq!(node.op(), "");
        assert_eq!((node.input_at(0), node.input_at(1), node.input_at(9)), (Some("q"), None, None));
        assert_eq!((node.int("num_heads"), node.float("scale")), (Some(8), Some(0.5)));
        assert_eq!((node.ints("perm"), node.string("mode")), (&[0, 2][..], Some("linear")));
        assert_eq!((node.int("scale"), node.float("num_heads"), node.ints("nothing")), (None, None, &[][..]));
        assert_eq!(NodeProto::new("Add", ["a", "b"], ["c"]).of_domain("ai.onnx").op(), "Add");
    }
}

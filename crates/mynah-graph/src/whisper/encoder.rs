//! The encoder: any even number of feature frames, signed weights, float convolutions.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::ENCODER_ROWS;
use crate::error::expect_count;
use crate::tensor::to_signed;
use crate::{ElementType, Graph, GraphError, Model, Node, Tensor};

/// The output that is kept.
const STATES: &str = "last_hidden_state";

/// How the encoder's weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncoderWeights {
    /// Unsigned, as exported: for CPUs without dot product instructions (VNNI), where products of
    /// unsigned and signed bytes may saturate at 16 bits.
    AsExported,
    /// Signed: the same products, bit by bit, from faster instructions.
    Signed,
}

/// Rewrites the encoder.
///
/// The result takes `input_features` \[1, 80, frames\] with any even number of frames up to 3000 and
/// gives `last_hidden_state` \[1, frames / 2, width\].
pub fn rewrite_encoder(mut model: Model, weights: EncoderWeights) -> Result<Model, GraphError> {
    let graph = model.network_mut()?;
    let layers = graph.count_outputs("encoder_attentions.");
    expect_count("outputs", graph.output.len(), layers + 1)?;
    expect_count(
        "MatMulInteger nodes",
        graph.count("MatMulInteger"),
        6 * layers,
    )?;
    expect_count("ConvInteger nodes", graph.count("ConvInteger"), 2)?;

    keep_states_only(graph)?;
    cut_positions_to_input(graph)?;
    if weights == EncoderWeights::Signed {
        let changed = make_weights_signed(graph)?;
        expect_count("weights and zero points", changed, 12 * layers)?;
    }
    while let Some(index) = graph.node.iter().position(|node| node.is("ConvInteger")) {
        make_convolution_float(graph, index)?;
    }
    graph.prune();
    expect_count(
        "quantised values",
        graph.count("DynamicQuantizeLinear"),
        4 * layers,
    )?;
    Ok(model)
}

/// Keeps the states as the only output; the attention weights stay as inner values.
fn keep_states_only(graph: &mut Graph) -> Result<(), GraphError> {
    graph.output.retain(|output| output.label() == STATES);
    expect_count("outputs of states", graph.output.len(), 1)
}

/// Lets the position table be as long as the input: the first rows of it are added, not all.
fn cut_positions_to_input(graph: &mut Graph) -> Result<(), GraphError> {
    let table = position_table(graph)?;
    let index = graph.only_reader(&table, "Add")?;
    let add = &mut graph.node[index];
    let [first, second] = add.inputs()?;
    let rows = if first == table { second } else { first }.to_owned();
    for input in add.input.iter_mut().filter(|input| **input == table) {
        "cut_positions".clone_into(input);
    }
    graph
        .initializer
        .extend([Tensor::index("cut_zero", 0), Tensor::index("cut_one", 1)]);
    let slice = ["cut_zero", "cut_length", "cut_zero"];
    graph.node.splice(
        index..index,
        [
            Node::new("Shape", &[&rows], &["cut_shape"]),
            Node::new("Gather", &["cut_shape", "cut_one"], &["cut_length"]).with_int("axis", 0),
            Node::new(
                "Slice",
                &[&[table.as_str()], &slice[..]].concat(),
                &["cut_positions"],
            ),
        ],
    );
    Ok(())
}

/// The name of the only float table with one row for each encoder row.
fn position_table(graph: &Graph) -> Result<String, GraphError> {
    let mut tables = graph.initializer.iter().filter(|tensor| {
        tensor.is(ElementType::Float)
            && matches!(tensor.dims[..], [length, _] if length == ENCODER_ROWS)
    });
    match (tables.next(), tables.next()) {
        (Some(table), None) => Ok(table.label().to_owned()),
        _ => Err(GraphError::unexpected("not exactly one position table")),
    }
}

/// Shifts the weights of the matrix products and their zero points by -128, which cancels out.
/// Gives the number of tensors changed.
fn make_weights_signed(graph: &mut Graph) -> Result<usize, GraphError> {
    let mut names = BTreeSet::new();
    for node in graph.node.iter().filter(|node| node.is("MatMulInteger")) {
        let [_, weight, _, zero] = node.inputs()?;
        names.extend([weight.to_owned(), zero.to_owned()]);
    }
    for name in &names {
        let tensor = graph.constant_mut(name)?;
        if tensor.dims.len() == 2 && tensor.is(ElementType::Uint8) {
            let signed = to_signed(tensor.byte_elements()?);
            tensor.raw_data = Some(Bytes::from(signed));
            tensor.data_type = Some(ElementType::Int8 as i32);
        } else {
            let zero = tensor.scalar_byte()?;
            *tensor = Tensor::signed_bytes(name, &tensor.dims, to_signed(&[zero]));
        }
    }
    Ok(names.len())
}

/// Replaces a convolution of quantised values by one of floats, at the place where its result
/// became a float again. The nodes that this leaves without a reader are pruned later.
fn make_convolution_float(graph: &mut Graph, index: usize) -> Result<(), GraphError> {
    let convolution = &graph.node[index];
    let [quantised, weight, zero_point, weight_zero] = convolution.inputs()?;
    let [product] = convolution.outputs()?;
    let quantise = graph.producer(quantised, "DynamicQuantizeLinear")?;
    let [input] = quantise.inputs()?;
    let [_, scale, zero] = quantise.outputs()?;
    if zero != zero_point {
        return Err(GraphError::unexpected(
            "a convolution with another value's zero point",
        ));
    }

    let [float] = graph.node[graph.only_reader(product, "Cast")?].outputs()?;
    let rescale = graph.only_reader(float, "Mul")?;
    let [first, second] = graph.node[rescale].inputs()?;
    let both_scales = if first == float { second } else { first };
    let [first, second] = graph.producer(both_scales, "Mul")?.inputs()?;
    let weight_scale = if first == scale { second } else { first };

    let name = format!("{weight}_float");
    let table = dequantise(graph, &name, weight, weight_zero, weight_scale)?;
    let [output] = graph.node[rescale].outputs()?;
    let mut replacement = Node::new("Conv", &[input, &name], &[output]);
    replacement.attribute.clone_from(&convolution.attribute);
    graph.node[rescale] = replacement;
    graph.node.remove(index);
    graph.initializer.push(table);
    Ok(())
}

/// The float values of a table of unsigned bytes.
fn dequantise(
    graph: &Graph,
    name: &str,
    table: &str,
    zero: &str,
    scale: &str,
) -> Result<Tensor, GraphError> {
    let table = graph.constant(table)?;
    if !table.is(ElementType::Uint8) {
        return Err(GraphError::Unexpected(format!(
            "{} is not unsigned",
            table.label()
        )));
    }
    let zero = i16::from(graph.constant(zero)?.scalar_byte()?);
    let scale = graph.constant(scale)?.scalar_float()?;
    let floats: Vec<f32> = table
        .byte_elements()?
        .iter()
        .map(|byte| f32::from(i16::from(*byte) - zero) * scale)
        .collect();
    Ok(Tensor::floats(name, &table.dims, &floats))
}

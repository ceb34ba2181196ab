//! The decoder: one graph for the prompt, one for every later token, logits from signed bytes.

use super::ENCODER_ROWS;
use crate::error::expect_count;
use crate::tensor::to_signed;
use crate::{ElementType, Graph, GraphError, Model, Node, Tensor, ValueInfo};

/// The two graphs of a decoder.
///
/// Both also give `cross_attentions.i` \[1, heads, tokens, 1500\] for the layers asked for: how much
/// each token listened to each encoder row, from which the times of words are read.
#[derive(Clone, Debug, PartialEq)]
pub struct DecoderGraphs {
    /// The first call: `input_ids` \[1, tokens\] and `encoder_hidden_states` \[1, 1500, width\] in;
    /// `logits` \[1, tokens, vocabulary\] and `present.i.{decoder,encoder}.{key,value}` out.
    pub first: Model,
    /// The later calls: `input_ids` \[1, 1\] and `past_key_values.i.{decoder,encoder}.{key,value}`
    /// in; `logits` \[1, 1, vocabulary\] and `present.i.decoder.{key,value}` out.
    pub next: Model,
}

/// Which branch of the exported conditional a graph is made from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    First,
    Next,
}

/// Splits the merged decoder into its two calls. `alignment_layers` are the layers, counted from 0,
/// whose cross attention is wanted.
pub fn split_decoder(
    model: &Model,
    alignment_layers: &[usize],
) -> Result<DecoderGraphs, GraphError> {
    let graph = model.network()?;
    expect_count("conditionals", graph.count("If"), 1)?;
    expect_count("nodes", graph.node.len(), 2)?;
    let layers = graph.count_outputs("present.") / 4;
    if let Some(layer) = alignment_layers.iter().find(|layer| **layer >= layers) {
        return Err(GraphError::Unexpected(format!(
            "no layer {layer} among {layers}"
        )));
    }
    let call = |call| call_model(model, call, layers, alignment_layers);
    Ok(DecoderGraphs {
        first: call(Call::First)?,
        next: call(Call::Next)?,
    })
}

fn call_model(
    model: &Model,
    call: Call,
    layers: usize,
    alignment_layers: &[usize],
) -> Result<Model, GraphError> {
    let merged = model.network()?;
    let mut graph = Graph {
        name: merged.name.clone(),
        ..Graph::default()
    };
    graph.initializer.clone_from(&merged.initializer);
    graph.input.clone_from(&merged.input);
    inline_branch(merged, call, &mut graph)?;
    let products = match call {
        Call::First => 10 * layers,
        Call::Next => 8 * layers,
    };
    expect_count(
        "MatMulInteger nodes",
        graph.count("MatMulInteger"),
        products,
    )?;

    graph
        .output
        .retain(|output| is_wanted(output.label(), call, alignment_layers));
    let states = if call == Call::First {
        4 * layers
    } else {
        2 * layers
    };
    expect_count(
        "outputs",
        graph.output.len(),
        1 + states + alignment_layers.len(),
    )?;
    make_logits_from_bytes(&mut graph)?;
    graph.prune();
    Ok(Model {
        ir_version: model.ir_version,
        opset_import: model.opset_import.clone(),
        graph: Some(graph),
        ..Model::default()
    })
}

/// Fills `graph` with the nodes and outputs of one branch, after the nodes that both share.
fn inline_branch(merged: &Graph, call: Call, graph: &mut Graph) -> Result<(), GraphError> {
    let name = match call {
        Call::First => "else_branch",
        Call::Next => "then_branch",
    };
    for node in &merged.node {
        if !node.is("If") {
            graph.node.push(node.clone());
            continue;
        }
        let branch = node
            .attribute
            .iter()
            .find(|attribute| attribute.name.as_deref() == Some(name))
            .and_then(|attribute| attribute.g.as_ref())
            .ok_or_else(|| GraphError::Unexpected(format!("no {name}")))?;
        let same_names = branch.output.iter().map(ValueInfo::label).eq(&node.output);
        if !same_names || !branch.initializer.is_empty() || !branch.input.is_empty() {
            return Err(GraphError::Unexpected(format!(
                "{name} does not stand for itself"
            )));
        }
        graph.node.extend(branch.node.iter().cloned());
        graph.output.clone_from(&branch.output);
    }
    Ok(())
}

fn is_wanted(output: &str, call: Call, alignment_layers: &[usize]) -> bool {
    if let Some(layer) = output.strip_prefix("cross_attentions.") {
        return layer
            .parse()
            .is_ok_and(|layer| alignment_layers.contains(&layer));
    }
    let is_state = output.starts_with("present.");
    // Later calls are given the encoder's keys and values; what they return for them is a dummy.
    let is_dummy = call == Call::Next && output.contains(".encoder.");
    output == "logits" || (is_state && !is_dummy)
}

/// Computes the logits from the quantised embedding table itself instead of its float values.
///
/// The table is stored a second time, transposed and signed: the unsigned one serves the lookup of
/// the input tokens' embeddings.
fn make_logits_from_bytes(graph: &mut Graph) -> Result<(), GraphError> {
    let product = graph.producer("logits", "MatMul")?;
    let [hidden, floats] = product.inputs()?;
    let [transposed, scale, zero] = graph.producer(floats, "DequantizeLinear")?.inputs()?;
    let [table] = graph.producer(transposed, "Transpose")?.inputs()?;
    let nodes = [
        Node::new(
            "DynamicQuantizeLinear",
            &[hidden],
            &["lm_q", "lm_scale", "lm_zero"],
        ),
        Node::new(
            "MatMulInteger",
            &["lm_q", "lm_weight", "lm_zero", "lm_weight_zero"],
            &["lm_i"],
        ),
        Node::new("Cast", &["lm_i"], &["lm_f"]).with_int("to", ElementType::Float as i64),
        Node::new("Mul", &["lm_scale", scale], &["lm_both_scales"]),
        Node::new("Mul", &["lm_f", "lm_both_scales"], &["logits"]),
    ];
    let zero = graph.constant(zero)?.scalar_byte()?;
    let weight = transpose_signed(graph.constant(table)?)?;
    let zero = Tensor::signed_bytes("lm_weight_zero", &[], to_signed(&[zero]));

    graph
        .node
        .retain(|node| !node.output.iter().any(|output| output == "logits"));
    graph.node.extend(nodes);
    graph.initializer.extend([weight, zero]);
    Ok(())
}

/// The transpose of a table of unsigned bytes, shifted to signed ones.
fn transpose_signed(table: &Tensor) -> Result<Tensor, GraphError> {
    let bytes = table.byte_elements()?;
    let &[rows, columns] = table.dims.as_slice() else {
        return Err(GraphError::unexpected("an embedding table that is none"));
    };
    if !table.is(ElementType::Uint8) || rows <= ENCODER_ROWS {
        return Err(GraphError::unexpected(
            "an embedding table that is no quantised vocabulary",
        ));
    }
    let (row_count, width) = (rows as usize, columns as usize);
    let mut transposed = vec![0; bytes.len()];
    for (row, values) in bytes.chunks_exact(width).enumerate() {
        for (column, value) in values.iter().enumerate() {
            transposed[column * row_count + row] = value ^ 0x80;
        }
    }
    Ok(Tensor::signed_bytes(
        "lm_weight",
        &[columns, rows],
        transposed,
    ))
}

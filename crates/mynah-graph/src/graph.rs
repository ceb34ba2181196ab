//! Finding one's way in a graph.
//!
//! Lookups walk the whole graph: the networks rewritten here have a thousand nodes, and a rewrite
//! happens once per installation.

use std::collections::HashSet;

use crate::{Attribute, Graph, GraphError, Model, Node, Tensor, ValueInfo, attribute_type};

impl Model {
    /// The network, without which a model makes no sense.
    pub(crate) fn network_mut(&mut self) -> Result<&mut Graph, GraphError> {
        self.graph
            .as_mut()
            .ok_or_else(|| GraphError::unexpected("no graph"))
    }

    /// The network, without which a model makes no sense.
    pub(crate) fn network(&self) -> Result<&Graph, GraphError> {
        self.graph
            .as_ref()
            .ok_or_else(|| GraphError::unexpected("no graph"))
    }
}

impl Graph {
    /// How many nodes have this operator.
    pub(crate) fn count(&self, operator: &str) -> usize {
        self.node.iter().filter(|node| node.is(operator)).count()
    }

    /// The node that makes `value`, which has to have this operator.
    pub(crate) fn producer(&self, value: &str, operator: &str) -> Result<&Node, GraphError> {
        self.node
            .iter()
            .find(|node| node.is(operator) && node.output.iter().any(|output| output == value))
            .ok_or_else(|| GraphError::Unexpected(format!("{value} is made by no {operator}")))
    }

    /// Where the only node that reads `value` stands; it has to have this operator.
    pub(crate) fn only_reader(&self, value: &str, operator: &str) -> Result<usize, GraphError> {
        let mut readers = (0..self.node.len())
            .filter(|index| self.node[*index].input.iter().any(|input| input == value));
        match (readers.next(), readers.next()) {
            (Some(index), None) if self.node[index].is(operator) => Ok(index),
            _ => Err(GraphError::Unexpected(format!(
                "{value} is not read by one {operator} only"
            ))),
        }
    }

    /// The initialiser called `name`.
    pub(crate) fn constant(&self, name: &str) -> Result<&Tensor, GraphError> {
        self.initializer
            .iter()
            .find(|tensor| tensor.label() == name)
            .ok_or_else(|| GraphError::Unexpected(format!("no initialiser {name}")))
    }

    /// The initialiser called `name`.
    pub(crate) fn constant_mut(&mut self, name: &str) -> Result<&mut Tensor, GraphError> {
        self.initializer
            .iter_mut()
            .find(|tensor| tensor.label() == name)
            .ok_or_else(|| GraphError::Unexpected(format!("no initialiser {name}")))
    }

    /// How many outputs have a name that starts like this.
    pub(crate) fn count_outputs(&self, prefix: &str) -> usize {
        self.output
            .iter()
            .filter(|output| output.label().starts_with(prefix))
            .count()
    }

    /// Drops all that no output needs: nodes, initialisers, inputs, and the notes on inner types.
    pub(crate) fn prune(&mut self) {
        let mut needed: HashSet<String> = self
            .output
            .iter()
            .map(|output| output.label().to_owned())
            .collect();
        let mut kept = Vec::with_capacity(self.node.len());
        for node in self.node.drain(..).rev() {
            if node.output.iter().any(|output| needed.contains(output)) {
                needed.extend(node.input.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        self.node = kept;
        self.initializer
            .retain(|tensor| needed.contains(tensor.label()));
        self.input.retain(|input| needed.contains(input.label()));
        self.value_info.clear();
    }
}

impl Node {
    /// A node of the standard operator set, named after its first output.
    pub(crate) fn new(operator: &str, input: &[&str], output: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            name: output.first().map(|name| (*name).to_owned()),
            op_type: Some(operator.to_owned()),
            input: owned(input),
            output: owned(output),
            ..Self::default()
        }
    }

    /// The same node with one more integer parameter.
    pub(crate) fn with_int(mut self, name: &str, value: i64) -> Self {
        self.attribute.push(Attribute {
            name: Some(name.to_owned()),
            i: Some(value),
            kind: Some(attribute_type::INT),
            ..Attribute::default()
        });
        self
    }

    /// Whether the node has this operator of the standard set.
    pub(crate) fn is(&self, operator: &str) -> bool {
        self.op_type.as_deref() == Some(operator)
            && self.domain.as_deref().unwrap_or_default().is_empty()
    }

    /// The values read, which have to be `N`.
    pub(crate) fn inputs<const N: usize>(&self) -> Result<[&str; N], GraphError> {
        self.exactly(&self.input, "inputs")
    }

    /// The values made, which have to be `N`.
    pub(crate) fn outputs<const N: usize>(&self) -> Result<[&str; N], GraphError> {
        self.exactly(&self.output, "outputs")
    }

    fn exactly<'a, const N: usize>(
        &self,
        names: &'a [String],
        what: &str,
    ) -> Result<[&'a str; N], GraphError> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.try_into().map_err(|names: Vec<&str>| {
            let operator = self.op_type.as_deref().unwrap_or_default();
            GraphError::Unexpected(format!("{operator} with {} {what}, not {N}", names.len()))
        })
    }
}

impl ValueInfo {
    /// The value's name; unnamed values have an empty one.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}

//! The client against scripted servers: what it sends, and what it makes of every ending.
//!
//! The servers are `tokio-tungstenite` (or bare TCP for refusals) on a local port, each playing
//! one script per connection; a script that is not followed fails its test.

#[cfg(test)]
mod failures;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod load;
#[cfg(test)]
mod mock;
#[cfg(test)]
mod results;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod start;

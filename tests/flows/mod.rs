//! Whole ways through the product.

mod deployment;
mod openclaw;
mod other_tool;
mod plugins;
mod project;
mod publish;
mod refusals;
mod registry;
mod secrets;
mod signals;
mod teams;

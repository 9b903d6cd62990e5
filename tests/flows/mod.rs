//! Whole ways through the product.

mod deployment;
mod environment;
mod logs;
mod openclaw;
mod other_tool;
mod plugins;
mod project;
mod publish;
mod refusals;
mod registry;
mod resources;
mod secrets;
mod signals;
mod teams;

//! Whole ways through the product.

mod deployment;
mod openclaw;
mod plugins;
mod publish;
mod refusals;
mod secrets;
mod teams;

//! The cross-process tests: one binary, with one module for each topic.

mod anywhere;
mod chat;
mod codecs;
mod docs;
mod exec;
mod exec_lesson;
mod exec_session;
mod exercises;
mod harness;
mod internet;
mod iterative;
mod names;
mod pairs;
mod pictures;
mod rebind;
mod sticky;
mod sticky_lab;
mod tcp;
mod tcp_pairs;
mod twins;
mod udp;
mod wiretap;

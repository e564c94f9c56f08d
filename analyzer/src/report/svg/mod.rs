//! `contention.svg`: one sheet from which a stranger sees in ten seconds what
//! held the run up.
//!
//! From the top: a sentence with three numbers (`verdict`), the threads over
//! time with the critical path (`timeline`), how many of them ran (`running`),
//! the locks (`locks`). Axis charts are drawn by plotters through a backend of
//! ours (`plot`), the rest by a small writer (`canvas`); both give elements
//! classes, and one style sheet (`style`) has the colours for light and dark.
//!
//! Labels stand without hovering, since a picture in a page is dead; tooltips
//! only add. The bytes depend on the findings alone: order is fixed, numbers
//! have fixed decimals. The size does not grow with the trace (`columns`).

mod canvas;
mod chart;
mod columns;
mod locks;
mod plot;
mod running;
mod sheet;
mod style;
mod ticks;
mod timeline;
mod verdict;
mod view;

pub(super) use sheet::render;

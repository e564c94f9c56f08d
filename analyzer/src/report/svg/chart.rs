//! A chart with numbers and lines along one of its axes: what the plots of the
//! sheet have in common.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::plot::{Plot, SCALE};
use super::style::Ink;

/// A chart under way.
pub(super) type Chart<'a, 'p> =
    ChartContext<'a, Plot<'p>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Where plotters draws.
pub(super) type Area<'p> = DrawingArea<Plot<'p>, Shift>;

/// The axis with the numbers.
pub(super) struct Axis<'a> {
    /// Whether it stands on the left; otherwise it lies at the bottom.
    pub(super) on_the_left: bool,
    /// Room for the numbers, in pixels.
    pub(super) room: u32,
    /// How many numbers, at most.
    pub(super) most: usize,
    /// A number as it is shown.
    pub(super) text: &'a dyn Fn(&f64) -> String,
}

/// Draws the axis, and gives the chart to draw into.
pub(super) fn chart<'a, 'p>(
    area: &'a Area<'p>,
    (x, y): (Range<f64>, Range<f64>),
    axis: &Axis<'_>,
) -> Result<Chart<'a, 'p>, Box<dyn Error>> {
    let side = match axis.on_the_left {
        true => LabelAreaPosition::Left,
        false => LabelAreaPosition::Bottom,
    };
    let mut chart = ChartBuilder::on(area)
        .set_label_area_size(side, axis.room * SCALE as u32)
        .build_cartesian_2d(x, y)
        .map_err(|error| error.to_string())?;
    let label = ("sans-serif", 12 * SCALE).into_font();
    let mut mesh = chart.configure_mesh();
    match axis.on_the_left {
        true => mesh
            .disable_x_mesh()
            .disable_x_axis()
            .y_labels(axis.most)
            .y_label_formatter(&axis.text)
            .set_all_tick_mark_size(5 * SCALE),
        false => mesh
            .disable_y_mesh()
            .disable_y_axis()
            .x_labels(axis.most)
            .x_label_formatter(&axis.text)
            .set_all_tick_mark_size(4 * SCALE),
    };
    mesh.bold_line_style(Ink::Grid.color())
        .light_line_style(TRANSPARENT)
        .axis_style(Ink::Axis.color())
        .label_style(label.color(&Ink::Label.color()))
        .draw()
        .map_err(|error| error.to_string())?;
    Ok(chart)
}

/// A number of per cent on an axis from 0: with one decimal, or without where
/// there is nothing behind the point. (A multiple of a tenth is rarely exact.)
pub(super) fn percent_tick(value: &f64) -> String {
    let number = format!("{value:.1}");
    format!("{} %", number.strip_suffix(".0").unwrap_or(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_have_one_decimal_at_most() {
        assert_eq!(percent_tick(&(0.2 * 3.0)), "0.6 %");
        assert_eq!(percent_tick(&40.0), "40 %");
        assert_eq!(percent_tick(&0.0), "0 %");
    }
}

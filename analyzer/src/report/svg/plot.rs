//! Plotters' charts on our sheet.
//!
//! Plotters' own SVG backend writes a document of its own, with inline colours
//! and whole pixels. This backend appends to the sheet, gives each element the
//! class that its colour stands for (see [`Ink`]), and takes coordinates in
//! tenths of a pixel.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};

use super::canvas::{escape, width_of};
use super::style::Ink;

/// Plotters' pixels in one of ours.
pub(super) const SCALE: i32 = 10;

/// A rectangle of the sheet that plotters draws into.
pub(super) struct Plot<'a> {
    out: &'a mut String,
    at: (u32, u32),
    size: (u32, u32),
}

impl Plot<'_> {
    /// The rectangle at `at` of `size` pixels; elements go to `out`.
    pub(super) fn new(out: &mut String, at: (u32, u32), size: (u32, u32)) -> Plot<'_> {
        Plot { out, at, size }
    }

    fn x(&self, x: i32) -> f64 {
        f64::from(self.at.0) + f64::from(x) / f64::from(SCALE)
    }

    fn y(&self, y: i32) -> f64 {
        f64::from(self.at.1) + f64::from(y) / f64::from(SCALE)
    }

    fn points(&self, points: impl IntoIterator<Item = BackendCoord>) -> String {
        let mut text = String::new();
        for (x, y) in points {
            let _ = write!(text, "{:.1},{:.1} ", self.x(x), self.y(y));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

fn class(color: BackendColor) -> &'static str {
    Ink::class_of(color.rgb)
}

/// What plotters would draw fully transparent.
fn is_invisible(color: BackendColor) -> bool {
    color.alpha <= 0.0
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Plot<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.size.0 * SCALE as u32, self.size.1 * SCALE as u32)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect(point, (point.0 + SCALE, point.1 + SCALE), &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        if is_invisible(style.color()) {
            return Ok(());
        }
        let (left, right) = (self.x(from.0.min(to.0)), self.x(from.0.max(to.0)));
        let (top, bottom) = (self.y(from.1.min(to.1)), self.y(from.1.max(to.1)));
        let _ = writeln!(
            self.out,
            "<rect class=\"{}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            class(style.color()),
            right - left,
            bottom - top
        );
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        if is_invisible(style.color()) {
            return Ok(());
        }
        let points = self.points(path);
        let class = class(style.color());
        let _ = writeln!(
            self.out,
            "<polyline class=\"{class}\" points=\"{points}\"/>"
        );
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        if is_invisible(style.color()) {
            return Ok(());
        }
        let points = self.points(corners);
        let class = class(style.color());
        let _ = writeln!(self.out, "<polygon class=\"{class}\" points=\"{points}\"/>");
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, at: BackendCoord) -> Drawn {
        let size = style.size() / f64::from(SCALE);
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let down = match style.anchor().v_pos {
            VPos::Top => size * 0.8,
            VPos::Center => size * 0.35,
            VPos::Bottom => 0.0,
        };
        let _ = writeln!(
            self.out,
            "<text class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size:.0}\" text-anchor=\"{anchor}\">{}</text>",
            class(style.color()),
            self.x(at.0),
            self.y(at.1) + down,
            escape(text)
        );
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let size = style.size();
        Ok((width_of(text, size as u32) as u32, size as u32))
    }
}

//! Colours of the sheet: Okabe and Ito's, which people with any colour vision
//! tell apart, as literal values for light and for dark surroundings.
//!
//! Classes and not inline colours, since a dark surrounding changes them all;
//! literal colours and not custom properties, which librsvg draws black.

use plotters::style::RGBColor;

/// The style sheet and the hatchings.
pub(super) const HEAD: &str = r##"<style>
text{font-family:system-ui,"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.bg{fill:#ffffff}.card{fill:#f5f7fa}.ink{fill:#1c2128}.dim{fill:#5b6573}.strong{fill:#1c2128;font-weight:600}
.hot{fill:#b84f00;font-weight:600}.track{fill:#f5f7fa}
.grid{stroke:#dde2e8;stroke-width:1;fill:none}.axis{stroke:#8b95a3;stroke-width:1;fill:none}
.run{fill:#b9def5}.hold{fill:#0072b2}.worst{fill:#d55e00}.out{fill:#d5d9df}
.wait{fill:url(#w)}.waitworst{fill:url(#ww)}.wb{fill:#fdf3dc}.wl{stroke:#e69f00;stroke-width:2}.wwb{fill:#fbe6d8}.wwl{stroke:#d55e00;stroke-width:2}
.path{fill:#1c2128}.hop{stroke:#1c2128;stroke-width:0.6;fill:none;opacity:0.55}
.area{fill:#b9def5;stroke:none}.mean{stroke:#0072b2;stroke-width:1.5;stroke-dasharray:6 4;fill:none}.cpus{stroke:#009e73;stroke-width:1.5;fill:none}
.meantext{fill:#005a8c;font-weight:600}.cputext{fill:#00734f;font-weight:600}
.pale{fill:#f0dcbb}.bar{fill:#0072b2}.barworst{fill:#d55e00}
@media (prefers-color-scheme: dark){
.bg{fill:#0f1318}.card{fill:#181e26}.ink{fill:#e4e8ee}.dim{fill:#98a3b1}.strong{fill:#ffffff}
.hot{fill:#ff9a4d}.track{fill:#181e26}
.grid{stroke:#2a323d}.axis{stroke:#667182}
.run{fill:#27506a}.hold{fill:#56b4e9}.worst{fill:#f07a1c}.out{fill:#39424e}
.wb{fill:#33290f}.wl{stroke:#e69f00}.wwb{fill:#3a2112}.wwl{stroke:#f07a1c}
.path{fill:#ffffff}.hop{stroke:#ffffff}
.area{fill:#27506a}.mean{stroke:#56b4e9}.cpus{stroke:#2fc79a}
.meantext{fill:#7cc7f2}.cputext{fill:#2fc79a}
.pale{fill:#4a3a1a}.bar{fill:#56b4e9}.barworst{fill:#f07a1c}
}
</style>
<defs>
<pattern id="w" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="wb" width="6" height="6"/><line class="wl" x1="1" y1="0" x2="1" y2="6"/></pattern>
<pattern id="ww" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="wwb" width="6" height="6"/><line class="wwl" x1="1" y1="0" x2="1" y2="6"/></pattern>
</defs>"##;

/// What a plotted element is. Plotters knows colours alone, so each is given
/// one of its own, which our backend turns back into the class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ink {
    Grid,
    Axis,
    Label,
    Area,
    Mean,
    Cpus,
    Pale,
    Bar,
    WorstBar,
}

impl Ink {
    const CLASSES: [(Ink, &'static str); 9] = [
        (Ink::Grid, "grid"),
        (Ink::Axis, "axis"),
        (Ink::Label, "dim"),
        (Ink::Area, "area"),
        (Ink::Mean, "mean"),
        (Ink::Cpus, "cpus"),
        (Ink::Pale, "pale"),
        (Ink::Bar, "bar"),
        (Ink::WorstBar, "barworst"),
    ];

    /// The colour that stands for it.
    pub(super) fn color(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }

    /// The class that a colour stands for.
    pub(super) fn class_of(rgb: (u8, u8, u8)) -> &'static str {
        Ink::CLASSES
            .get(usize::from(rgb.0))
            .map_or("ink", |(_, class)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ink_finds_its_class() {
        for (place, (ink, class)) in Ink::CLASSES.iter().enumerate() {
            let RGBColor(r, g, b) = ink.color();
            assert_eq!(usize::from(r), place);
            assert_eq!(Ink::class_of((r, g, b)), *class);
        }
    }
}

//! Charts as SVG: bars and lines, in colours that are read on a light and on a dark page.

use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::coord::{Shift, ranged1d::Ranged};
use plotters::prelude::{Color, DrawingArea, IntoDrawingArea, IntoLogRange, LineSeries, RGBColor, Rectangle};
use plotters::prelude::{IntoFont, SVGBackend, Text, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Error;

const WIDTH: u32 = 860;
/// Height of the plot of a line chart, with its axes.
const PLOT: u32 = 380;
/// Height of a line of text, of a bar with its distance to the next, and of the bar alone.
const LINE: i32 = 26;
const BAR: i32 = 24;
const BAR_THICKNESS: i32 = 16;
/// Around the picture, and from a name to what it names.
const MARGIN: i32 = 16;
const GAP: i32 = 8;
/// An average character of the text, and the longest value with its unit.
const CHARACTER: i32 = 7;
const VALUE: i32 = 110;
/// Sizes of text.
const TITLE_PX: f64 = 15.0;
const TEXT_PX: f64 = 12.5;
/// The backend divides the size of a font by this.
const FONT_SCALE: f64 = 1.24;
const FONT: &str = "system-ui, sans-serif";

/// On a light page; `STYLE` changes these three on a dark one.
const INK: RGBColor = RGBColor(0x1d, 0x1b, 0x2e);
const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);
const RULE: RGBColor = RGBColor(0xd9, 0xd6, 0xe6);
const STYLE: &str = "@media (prefers-color-scheme: dark) { [fill='#1D1B2E'] { fill: #E9E6F7 } \
[stroke='#1D1B2E'] { stroke: #E9E6F7 } [fill='#FFFFFF'] { fill: #16151F } \
[stroke='#D9D6E6'] { stroke: #3A3750 } }";
/// Of the series in turn, with enough contrast on both pages.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x7c, 0x6b, 0xd6),
    RGBColor(0xd9, 0x77, 0x2b),
    RGBColor(0x1f, 0x9d, 0x6b),
    RGBColor(0x2f, 0x8f, 0xd8),
    RGBColor(0xd6, 0x49, 0x6b),
    RGBColor(0x80, 0x80, 0x80),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Horizontal bars from zero, each with its value.
pub fn bars(title: &str, unit: &str, bars: &[(impl AsRef<str>, f64)]) -> Result<String, Error> {
    let width = |label: &str| pixels(label.chars().count()) * CHARACTER;
    let labels = bars.iter().map(|(label, _)| width(label.as_ref())).max().unwrap_or(0);
    let left = MARGIN + labels + GAP;
    let longest = f64::from(pixels(WIDTH as usize) - MARGIN - VALUE - left);
    let most = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let height = MARGIN + LINE + pixels(bars.len()) * BAR + MARGIN;
    picture(title, height.unsigned_abs(), |area| {
        for (rank, (label, value)) in bars.iter().enumerate() {
            let middle = MARGIN + LINE + pixels(rank) * BAR + BAR / 2;
            let right = left + ((value / most * longest) as i32).max(1);
            let corners = [(left, middle - BAR_THICKNESS / 2), (right, middle + BAR_THICKNESS / 2)];
            area.draw(&Rectangle::new(corners, COLOURS[0].filled()))?;
            area.draw(&Text::new(label.as_ref(), (left - GAP, middle), text(TEXT_PX, HPos::Right)))?;
            let value = format!("{} {unit}", number(*value));
            area.draw(&Text::new(value, (right + GAP, middle), text(TEXT_PX, HPos::Left)))?;
        }
        Ok(())
    })
}

/// Lines through points, one a series; the vertical axis can be logarithmic, if every value is above zero.
pub fn lines(
    title: &str,
    x_label: &str,
    y_label: &str,
    series: &[(impl AsRef<str>, Vec<(f64, f64)>)],
    log_y: bool,
) -> Result<String, Error> {
    let points = || series.iter().flat_map(|(_, points)| points.iter().copied());
    let horizontal = range(points().map(|(x, _)| x));
    let vertical = range(points().map(|(_, y)| y));
    let top = MARGIN + 2 * LINE;
    picture(title, top.unsigned_abs() + PLOT, |area| {
        let mut left = MARGIN;
        for ((name, _), colour) in series.iter().zip(COLOURS.iter().cycle()) {
            let middle = MARGIN + LINE + LINE / 2;
            let corners = [(left, middle - 2), (left + LINE, middle + 2)];
            area.draw(&Rectangle::new(corners, colour.filled()))?;
            left += LINE + GAP;
            area.draw(&Text::new(name.as_ref(), (left, middle), text(TEXT_PX, HPos::Left)))?;
            left += pixels(name.as_ref().chars().count()) * CHARACTER + 2 * GAP;
        }
        let (_, plot) = area.split_vertically(top);
        if log_y {
            if vertical.start <= 0.0 {
                return Err("a logarithmic axis has no zero".into());
            }
            let decades =
                10_f64.powf(vertical.start.log10().floor())..10_f64.powf(vertical.end.log10().ceil());
            draw(&plot, horizontal.clone(), decades.log_scale(), (x_label, y_label), series)
        } else {
            draw(&plot, horizontal.clone(), vertical.start.min(0.0)..vertical.end, (x_label, y_label), series)
        }
    })
}

/// Axes and lines.
fn draw<Y>(
    plot: &Area<'_>,
    horizontal: Range<f64>,
    vertical: Y,
    (x_label, y_label): (&str, &str),
    series: &[(impl AsRef<str>, Vec<(f64, f64)>)],
) -> Result<(), Error>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut builder = ChartBuilder::on(plot);
    builder.margin(MARGIN).x_label_area_size(2 * LINE).y_label_area_size(3 * LINE);
    let mut chart: ChartContext<'_, _, Cartesian2d<RangedCoordf64, Y::CoordDescType>> =
        builder.build_cartesian_2d(horizontal, vertical)?;
    let label = |value: &f64| number(*value);
    chart
        .configure_mesh()
        .light_line_style(RULE.mix(0.0))
        .bold_line_style(RULE)
        .axis_style(INK)
        .label_style(text(TEXT_PX, HPos::Left))
        .x_desc(x_label)
        .y_desc(y_label)
        .x_label_formatter(&label)
        .y_label_formatter(&label)
        .draw()?;
    for ((_, points), colour) in series.iter().zip(COLOURS.iter().cycle()) {
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
    }
    Ok(())
}

/// A titled picture, which is drawn upon by `draw`.
fn picture(
    title: &str,
    height: u32,
    draw: impl FnOnce(&Area<'_>) -> Result<(), Error>,
) -> Result<String, Error> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    area.fill(&PAPER)?;
    let bold = text(TITLE_PX, HPos::Left);
    area.draw(&Text::new(title, (MARGIN, MARGIN + LINE / 2 - GAP), bold))?;
    draw(&area)?;
    area.present()?;
    drop(area);
    let said = title.replace('&', "&amp;").replace('<', "&lt;");
    let head = format!(" role=\"img\">\n<title>{said}</title>\n<style>{STYLE}</style>\n");
    Ok(svg.replacen(">\n", &head, 1))
}

fn text(size_px: f64, side: HPos) -> TextStyle<'static> {
    let style: TextStyle = (FONT, size_px * FONT_SCALE).into_font().into();
    style.color(&INK).pos(Pos::new(side, VPos::Center))
}

/// From the least value to the greatest; not empty.
fn range(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(f64::NEG_INFINITY, f64::max);
    if least < most { least..most } else { 0.0..most.max(1.0) }
}

/// Three digits that matter, and thousands apart.
pub fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let rest = rest.trim_end_matches('0');
    let grouped: String = (0..whole.len())
        .flat_map(|at| {
            let left = whole.len() - at;
            let is_third = at > 0 && left.is_multiple_of(3) && !whole[..at].ends_with('-');
            is_third.then_some(',').into_iter().chain(whole[at..].chars().next())
        })
        .collect();
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_matter() {
        let texts = [0.0, 0.0421, 1.5, 7.126, 12.0, 98.76, 1234.5, 1_000_000.0, -1500.0].map(number);
        assert_eq!(texts, ["0", "0.042", "1.5", "7.13", "12", "98.8", "1,234", "1,000,000", "-1,500"]);
    }

    #[test]
    fn a_chart_has_its_words_and_the_colours_of_a_dark_page() {
        let svg = bars("Cold start < 10", "ms", &[("sésame", 7.5), ("Node", 180.0)]).unwrap();
        for part in ["<title>Cold start &lt; 10</title>", "sésame", "7.5 ms", "180 ms", "dark", INK_TEXT] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        let points = vec![(0.0, 1.0), (10.0, 1000.0)];
        for log_y in [false, true] {
            let svg = lines("Rush", "minutes", "ms", &[("p50", points.clone())], log_y).unwrap();
            assert!(svg.contains("polyline") && svg.contains("p50") && svg.contains("minutes"), "{svg}");
        }
        assert!(lines("Rush", "x", "y", &[("p50", vec![(0.0, 0.0)])], true).is_err());
    }

    const INK_TEXT: &str = "fill=\"#1D1B2E\"";
}

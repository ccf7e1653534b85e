//! The picture of the architecture: functions, what they may do to which rows, and the way of a mail.

use std::collections::BTreeMap;
use std::fmt::Write;

use domain::mail::Lane;
use platform::function::{Function, Operation};
use sesame::functions::ALL;

const WIDTH: u32 = 1180;
/// Where each column begins, and how wide its boxes are.
const FUNCTIONS: (u32, u32) = (180, 290);
const ROWS: (u32, u32) = (640, 130);
const MAILS: (u32, u32) = (920, 240);
/// The height of a line of text.
const LINE: u32 = 18;
const TOP: u32 = 60;
/// From one step of a mail's way to the next.
const LEVEL: u32 = 150;

const STYLE: &str = "\
text { font: 13px system-ui, sans-serif; fill: #1d1b2e } .name { font-weight: 600 } \
.head { font-size: 15px; font-weight: 600; fill: #3d2c8d } \
rect { fill: #f4f2fb; stroke: #8f84c4 } path { fill: none; stroke: #8f84c4 } \
.write { stroke: #3d2c8d; stroke-width: 2 } .read { stroke-dasharray: 4 4 } \
.mail { stroke: #0b6b45; stroke-width: 2 }";

/// A box with its lines of text, the first of them its name.
struct Block {
    left: u32,
    top: u32,
    width: u32,
    lines: Vec<String>,
}

impl Block {
    fn height(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(0) * LINE + 10
    }

    fn middle(&self) -> u32 {
        self.top + self.height() / 2
    }

    fn right(&self) -> u32 {
        self.left + self.width
    }

    fn draw(&self, svg: &mut String) {
        let Self { left, top, width, lines } = self;
        let _ = writeln!(
            svg,
            r#"<rect x="{left}" y="{top}" width="{width}" height="{}" rx="4"/>"#,
            self.height()
        );
        for (line, (text, class)) in (1..).zip(lines.iter().zip(["name"].into_iter().chain([""].repeat(9)))) {
            let (x, y) = (left + 10, top + line * LINE);
            let _ = writeln!(svg, r#"<text x="{x}" y="{y}" class="{class}">{text}</text>"#);
        }
    }
}

/// The picture, as SVG.
pub fn svg() -> String {
    let functions = functions();
    let rows = rows(&functions);
    let (mails, others) = (mails(), others());
    let blocks = || functions.iter().chain(&rows).chain(&mails).chain(&others);
    let height = blocks().map(|block| block.top + block.height()).max().unwrap_or(0) + 50;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"Sésame: browser, functions, table and mails\">\n<style>{STYLE}</style>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" style=\"fill: #fff; stroke: none\"/>\n"
    );
    let heads = [(20, "Browser"), (FUNCTIONS.0, "Functions"), (ROWS.0, "One table"), (MAILS.0, "Mails")];
    for (x, head) in heads {
        let _ = writeln!(svg, r#"<text x="{x}" y="35" class="head">{head}</text>"#);
    }
    let browser =
        Block { left: 20, top: TOP, width: 110, lines: texts(["pages", "CloudFront", "API Gateway"]) };
    for function in &functions {
        curve(&mut svg, (browser.right(), browser.middle()), (function.left, function.middle()), "");
    }
    grants(&mut svg, &blocks().collect::<Vec<_>>());
    way_of_a_mail(&mut svg, &rows, &mails);
    [&browser].into_iter().chain(blocks()).for_each(|block| block.draw(&mut svg));
    let key = "solid: writes · dashed: reads and checks · green: the way of a mail";
    let _ = writeln!(svg, r#"<text x="20" y="{}">{key}</text>"#, height - 18);
    svg + "</svg>\n"
}

fn texts<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).to_vec()
}

/// The functions of HTTP, in the order of the list.
fn functions() -> Vec<Block> {
    let lines = |function: &&Function| {
        let routes = function.routes.iter().map(|route| format!("{} {}", route.method, route.path));
        [function.name.to_owned()].into_iter().chain(routes).collect()
    };
    let mut top = TOP;
    let mut blocks = Vec::new();
    for lines in ALL.iter().filter(|function| !function.routes.is_empty()).map(lines) {
        let block = Block { left: FUNCTIONS.0, top, width: FUNCTIONS.1, lines };
        top += block.height() + 14;
        blocks.push(block);
    }
    blocks
}

/// The kinds of rows that functions reach.
fn rows(functions: &[Block]) -> Vec<Block> {
    let mut keys: Vec<&str> = Vec::new();
    for grant in ALL.iter().flat_map(|function| function.grants) {
        if !keys.contains(&grant.key) {
            keys.push(grant.key);
        }
    }
    // As long as the functions beside them.
    let length = functions.last().map_or(0, |block| block.top + block.height()) - TOP;
    let count = u32::try_from(keys.len()).unwrap_or(1);
    let places = (0..).map(|place| TOP + place * length / count);
    let block = |(key, top): (&str, u32)| Block {
        left: ROWS.0,
        top,
        width: ROWS.1,
        lines: vec![key.trim_end_matches('#').to_owned()],
    };
    keys.into_iter().zip(places).map(block).collect()
}

/// The way of a mail from top to bottom, the queues side by side.
fn mails() -> Vec<Block> {
    let (left, whole) = MAILS;
    let block = |left, level, width, lines| Block { left, top: TOP + level * LEVEL, width, lines };
    let half = (whole - 20) / 2;
    let queues = Lane::ALL.into_iter().zip([left, left + half + 20]);
    let mut blocks = vec![block(left, 0, whole, texts(["stream, pipe", "new MAIL rows"]))];
    blocks.extend(queues.map(|(lane, left)| block(left, 1, half, texts(["queue", lane.as_str()]))));
    blocks.push(block(left, 2, whole, texts([mail_sender::FUNCTION.name])));
    blocks.push(block(left, 3, whole, texts(["SES"])));
    blocks
}

/// The functions that a rule or a schedule calls, below the way of a mail.
fn others() -> Vec<Block> {
    let (left, width) = MAILS;
    let is_other =
        |function: &&&Function| function.routes.is_empty() && function.name != mail_sender::FUNCTION.name;
    let block = |(level, function): (u32, &&Function)| Block {
        left,
        top: TOP + level * LEVEL,
        width,
        lines: texts([function.name]),
    };
    (4..).zip(ALL.iter().filter(is_other)).map(block).collect()
}

fn named<'a>(blocks: &[&'a Block], name: &str) -> Option<&'a Block> {
    blocks.iter().find(|block| block.lines.first().is_some_and(|line| line == name)).copied()
}

/// A line from each function to each kind of row that it reaches.
fn grants(svg: &mut String, blocks: &[&Block]) {
    for function in ALL {
        let mut writes = BTreeMap::new();
        for grant in function.grants {
            let is_write =
                matches!(grant.operation, Operation::PutItem | Operation::UpdateItem | Operation::DeleteItem);
            *writes.entry(grant.key).or_insert(false) |= is_write;
        }
        for (key, is_write) in writes {
            let ends = (named(blocks, function.name), named(blocks, key.trim_end_matches('#')));
            let (Some(from), Some(to)) = ends else { continue };
            let (from_x, to_x) =
                if from.left < to.left { (from.right(), to.left) } else { (from.left, to.right()) };
            let class = if is_write { "write" } else { "read" };
            curve(svg, (from_x, from.middle()), (to_x, to.middle()), class);
        }
    }
}

/// From the outbox through stream and queues to the sender, and to SES.
fn way_of_a_mail(svg: &mut String, rows: &[Block], mails: &[Block]) {
    let [stream, queues @ .., sender, ses] = mails else { return };
    if let Some(outbox) = rows.iter().find(|block| block.lines == ["MAIL"]) {
        curve(svg, (outbox.right(), outbox.middle()), (stream.left, stream.middle()), "mail");
    }
    let middle = |block: &Block| block.left + block.width / 2;
    let steps =
        queues.iter().flat_map(|queue| [(middle(queue), stream, queue), (middle(queue), queue, sender)]);
    for (x, from, to) in steps.chain([(middle(sender), sender, ses)]) {
        let _ = writeln!(svg, r#"<path class="mail" d="M{x} {} V{}"/>"#, from.top + from.height(), to.top);
    }
}

fn curve(svg: &mut String, from: (u32, u32), to: (u32, u32), class: &str) {
    let middle = u32::midpoint(from.0, to.0);
    let _ = writeln!(
        svg,
        r#"<path class="{class}" d="M{} {} C{middle} {} {middle} {} {} {}"/>"#,
        from.0, from.1, from.1, to.1, to.0, to.1
    );
}

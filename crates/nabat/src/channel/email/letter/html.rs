//! A message as HTML that mail programs show on a phone and in the dark: one column, no colours
//! of its own but grey lines, nothing to be loaded.
//!
//! Text gets into it by [`Page::text`] alone, which escapes it.

use nabat_core::message::{Block, Button, Message, Press, Span, Style};

const HEAD: &str = concat!(
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
    "<meta name=\"color-scheme\" content=\"light dark\">",
    "<meta name=\"supported-color-schemes\" content=\"light dark\"></head>\n",
    "<body style=\"font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;",
    "font-size:15px;line-height:1.45;overflow-wrap:anywhere\">\n",
);
const TAIL: &str = "</body></html>\n";
const QUOTE: &str =
    "<blockquote style=\"margin:4px 0;padding-left:10px;border-left:3px solid #888\">";
const PRE: &str = "<pre style=\"margin:4px 0;font-size:13px;white-space:pre-wrap\">";
const BUTTONS: &str = "<p style=\"margin:14px 0 0\">";

/// The message as an HTML document.
pub(super) fn render(message: &Message) -> String {
    let mut page = Page {
        html: HEAD.to_owned(),
    };
    for block in &message.blocks {
        page.block(block);
    }
    for row in &message.buttons {
        page.row(row);
    }
    page.html + TAIL
}

struct Page {
    html: String,
}

impl Page {
    fn block(&mut self, block: &Block) {
        match block {
            Block::Line(spans) => self.line(spans),
            Block::Quote { lines, .. } => {
                self.html.push_str(QUOTE);
                for line in lines {
                    self.line(line);
                }
                self.html.push_str("</blockquote>\n");
            }
            Block::Code(text) => {
                self.html.push_str(PRE);
                self.text(text);
                self.html.push_str("</pre>\n");
            }
            Block::Gap => self.html.push_str("<div><br></div>\n"),
        }
    }

    fn line(&mut self, spans: &[Span]) {
        self.html.push_str("<div>");
        for span in spans {
            self.span(&span.text, &span.style);
        }
        self.html.push_str("</div>\n");
    }

    fn span(&mut self, text: &str, style: &Style) {
        let (open, close) = match style {
            Style::Plain => ("", ""),
            Style::Bold => ("<b>", "</b>"),
            Style::Italic => ("<i>", "</i>"),
            Style::Strike => ("<s>", "</s>"),
            Style::Code => ("<code>", "</code>"),
            Style::Link(url) => return self.link(text, url),
        };
        self.html.push_str(open);
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.html.push_str("<br>\n");
            }
            self.text(line);
        }
        self.html.push_str(close);
    }

    fn link(&mut self, text: &str, url: &str) {
        self.html.push_str("<a href=\"");
        self.text(url);
        self.html.push_str("\">");
        self.text(text);
        self.html.push_str("</a>");
    }

    /// What can be pressed in a letter: links.
    fn row(&mut self, buttons: &[Button]) {
        let mut between = BUTTONS;
        for button in buttons {
            if let Press::Url(url) = &button.press
                && super::is_linkable(url)
            {
                self.html.push_str(between);
                self.link(&super::readable(&button.text), url);
                between = " &nbsp; ";
            }
        }
        if between != BUTTONS {
            self.html.push_str("</p>\n");
        }
    }

    /// Adds text, of which nothing can be taken for markup, also not in an attribute.
    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.html.push_str("&amp;"),
                '<' => self.html.push_str("&lt;"),
                '>' => self.html.push_str("&gt;"),
                '"' => self.html.push_str("&quot;"),
                '\'' => self.html.push_str("&#39;"),
                c => self.html.push(c),
            }
        }
    }
}

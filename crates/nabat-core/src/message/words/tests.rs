use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::*;

#[test]
fn languages_are_found_by_their_tags() {
    for (code, expected) in [
        ("en", Some(Language::En)),
        ("en-GB", Some(Language::En)),
        ("ru", Some(Language::Ru)),
        ("RU_ru", Some(Language::Ru)),
        ("pt", Some(Language::PtBr)),
        ("pt-br", Some(Language::PtBr)),
        ("pt-BR", Some(Language::PtBr)),
        ("de", None),
        ("", None),
    ] {
        assert_eq!(Language::from_code(code), expected, "{code}");
    }
    for language in Language::ALL {
        assert_eq!(Language::from_code(language.code()), Some(language));
        let json = serde_json::to_string(&language).unwrap();
        assert_eq!(json, format!("{:?}", language.code()));
        assert_eq!(serde_json::from_str::<Language>(&json).unwrap(), language);
    }
}

#[test]
fn every_language_has_the_same_texts_with_the_same_variables() {
    let english = texts(Language::En);
    for language in Language::ALL {
        assert_eq!(texts(language), english, "{language:?}");
    }
}

/// The keys of a language and the variables of each.
fn texts(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(language.source().to_owned())
        .map_err(|(_, errors)| errors)
        .unwrap_or_else(|errors| panic!("{language:?}: {errors:?}"));
    let mut texts = BTreeMap::new();
    for entry in resource.entries() {
        if let Entry::Message(message) = entry {
            let mut variables = BTreeSet::new();
            let pattern = message.value.as_ref().expect("every text has a value");
            collect(pattern, &mut variables);
            let earlier = texts.insert(message.id.name.to_owned(), variables);
            assert_eq!(earlier, None, "{language:?}: {} twice", message.id.name);
        }
    }
    texts
}

fn collect(pattern: &Pattern<&str>, variables: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else {
            continue;
        };
        let inline = match expression {
            Expression::Inline(inline) => inline,
            Expression::Select { selector, variants } => {
                for variant in variants {
                    collect(&variant.value, variables);
                }
                selector
            }
        };
        if let InlineExpression::VariableReference { id } = inline {
            variables.insert(id.name.to_owned());
        }
    }
}

#[test]
fn no_text_is_without_use() {
    let sources = [
        include_str!("when.rs"),
        include_str!("../card.rs"),
        include_str!("../card/buttons.rs"),
        include_str!("../card/counts.rs"),
        include_str!("../card/details.rs"),
        include_str!("../card/follow_up.rs"),
        include_str!("../card/hush.rs"),
        include_str!("../card/parts.rs"),
        include_str!("../card/several.rs"),
        include_str!("../card/single.rs"),
        include_str!("../answer.rs"),
        include_str!("../answer/expression.rs"),
        include_str!("../answer/help.rs"),
        include_str!("../answer/history.rs"),
        include_str!("../answer/lists.rs"),
        include_str!("../answer/monitors.rs"),
        include_str!("../answer/monitors/list.rs"),
        include_str!("../answer/monitors/one.rs"),
        include_str!("../answer/monitors/trace.rs"),
        include_str!("../answer/silences.rs"),
        include_str!("../answer/status.rs"),
    ]
    .concat();
    for key in texts(Language::En).keys() {
        let quoted = match key.strip_prefix("command-") {
            Some(command) => format!("\"{command}\""),
            None => format!("\"{key}\""),
        };
        assert!(sources.contains(&quoted), "{key}");
    }
}

#[test]
fn what_is_set_in_keeps_its_style_and_meets_no_syntax() {
    let what = Span::code("{ $n } \u{FDD0} <b>");
    let spans = Locale::english().spans("subscribed", [("what", what.clone().into())]);
    assert_eq!(
        spans,
        [Span::plain("Subscribed to "), what, Span::plain(".")]
    );
}

#[test]
fn a_text_that_does_not_exist_is_its_key() {
    assert_eq!(Locale::english().text("no-such-text", []), "no-such-text");
}

#[test]
fn plurals_follow_the_language() {
    for (language, n, expected) in [
        (Language::En, 0, "No alert fires now."),
        (Language::En, 1, "1 alert fires now."),
        (Language::En, 21, "21 alerts fire now."),
        (Language::Ru, 0, "Активных алертов нет."),
        (Language::Ru, 1, "Сейчас активен 1 алерт."),
        (Language::Ru, 3, "Сейчас активны 3 алерта."),
        (Language::Ru, 11, "Сейчас активно 11 алертов."),
        (Language::Ru, 21, "Сейчас активен 21 алерт."),
        (Language::PtBr, 0, "Nenhum alerta ativo agora."),
        (Language::PtBr, 1, "1 alerta ativo agora."),
        (Language::PtBr, 5, "5 alertas ativos agora."),
    ] {
        let locale = Locale {
            language,
            zone: TimeZone::UTC,
        };
        assert_eq!(locale.text("firing-now", [("n", n.into())]), expected);
    }
}

//! The engine itself: one environment per thread, templates compiled once.

use std::cell::RefCell;

use minijinja::{AutoEscape, Environment, Error, State, UndefinedBehavior, Value, value::ValueKind};

use super::{
    Context, Failure, arithmetic, calendar, failure, methods,
    moment::Moment,
    rewrite::rewrite,
    scope,
    values::{enum_name, python_str, type_names},
};

/// Compiled templates kept per thread before all are dropped.
const CACHED: usize = 512;

thread_local! {
    static ENGINE: RefCell<(Environment<'static>, usize)> = RefCell::new((environment(), 0));
}

/// jinja2 drops one newline at the end of a template.
pub(super) fn strip_last_newline(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t))
}

/// Renders to text.
pub(super) fn render(template: &str, ctx: &Context) -> Result<String, Failure> {
    compile(template)?;
    let root = scope::root(ctx);
    ENGINE.with(|engine| {
        let Ok(engine) = engine.try_borrow() else { return Err(Failure::unsupported("rendering inside rendering")) };
        let compiled = engine.0.get_template(template).map_err(|e| explain(&engine.0, &e, ctx))?;
        compiled.render(root).map_err(|e| explain(&engine.0, &e, ctx))
    })
}

/// Puts the template into this thread's environment.
pub(super) fn compile(template: &str) -> Result<(), Failure> {
    ENGINE.with(|engine| {
        let Ok(mut engine) = engine.try_borrow_mut() else {
            return Err(Failure::unsupported("rendering inside rendering"));
        };
        if engine.0.get_template(template).is_ok() {
            return Ok(());
        }
        if engine.1 >= CACHED {
            engine.0.clear_templates();
            engine.1 = 0;
        }
        engine.1 += 1;
        let source = rewrite(template).into_owned();
        let added = engine.0.add_template_owned(template.to_owned(), source);
        added.map_err(|e| failure::translate(&e, &|_| None))
    })
}

/// Evaluates one expression (already rewritten) to its value.
pub(super) fn evaluate(expression: &str, ctx: &Context) -> Result<Value, Failure> {
    ENGINE.with(|engine| {
        let Ok(engine) = engine.try_borrow() else { return Err(Failure::unsupported("rendering inside rendering")) };
        let compiled = engine.0.compile_expression_owned(expression.to_owned());
        let value = compiled.and_then(|e| e.eval(scope::root(ctx))).map_err(|e| explain(&engine.0, &e, ctx))?;
        if value.is_undefined() {
            let kind = |base: &str| parent_kind(&engine.0, base, ctx);
            return Err(Failure::new("UndefinedError", failure::undefined_message(Some(expression), &kind)));
        }
        Ok(value)
    })
}

fn explain(env: &Environment<'_>, error: &Error, ctx: &Context) -> Failure {
    failure::translate(error, &|base| parent_kind(env, base, ctx))
}

/// jinja2's name for the type of an expression.
fn parent_kind(env: &Environment<'_>, expression: &str, ctx: &Context) -> Option<String> {
    let value = env.compile_expression_owned(expression.to_owned()).ok()?.eval(scope::root(ctx)).ok()?;
    if value.is_undefined() { None } else { Some(type_names(&value).1.to_owned()) }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    // Needed to learn which expression is undefined.
    env.set_debug(true);
    env.set_unknown_method_callback(methods::unknown);
    env.set_formatter(|out, _, value| {
        // Only `'a' if false` gets here: jinja2 prints nothing for it, also when strict.
        if value.is_undefined() {
            return Ok(());
        }
        match value.as_str() {
            Some(text) => out.write_str(enum_name(value).unwrap_or(text))?,
            None => out.write_str(&python_str(value))?,
        }
        Ok(())
    });
    env.add_function("_dd_add", |a: &Value, b: &Value| arithmetic::add(a, b));
    env.add_function("_dd_sub", |a: &Value, b: &Value| arithmetic::sub(a, b));
    env.add_function("_dd_mod", |a: &Value, b: &Value| arithmetic::modulo(a, b));
    env.add_function("_dd_mul", |a: &Value, b: &Value| arithmetic::mul(a, b));
    env.add_filter("_dd_private", private);
    env.add_filter("_dd_enum", |value: &Value, part: &str| {
        let text = value.as_str().unwrap_or_default();
        if part == "name" { text.to_uppercase() } else { text.to_owned() }
    });
    for (name, format) in [
        ("ds", "%Y-%m-%d"),
        ("ds_nodash", "%Y%m%d"),
        ("ts_nodash", "%Y%m%dT%H%M%S"),
        ("ts_nodash_with_tz", "%Y%m%dT%H%M%S%z"),
    ] {
        env.add_filter(name, move |value: &Value| date_filter(value, Some(format)));
    }
    env.add_filter("ts", |value: &Value| date_filter(value, None));
    env.add_filter("string", |value: &Value| python_str(value));
    env.add_filter("center", |text: &str, width: Option<usize>| methods::pad(text, width.unwrap_or(80), ' ', 'c'));
    env.add_filter("truncate", methods::truncate);
    env.add_filter("wordcount", minijinja_contrib::filters::wordcount);
    env.add_filter("wordwrap", minijinja_contrib::filters::wordwrap);
    env.add_filter("random", |state: &mut State, list: &Value| methods::choose(state, list));
    env.add_filter("tojson", |value: &Value, indent: Option<usize>| super::macros::dumps(value, indent, true));
    env
}

/// `x._name`: a key of a dict is fine, an attribute isn't.
fn private(value: &Value, name: &str) -> Result<Value, Error> {
    if value.is_undefined() {
        return Ok(value.clone());
    }
    let (class, path) = type_names(value);
    if value.kind() == ValueKind::Map {
        let item = value.get_attr(name)?;
        if !item.is_undefined() {
            return Ok(item);
        }
    }
    if name.starts_with("__") && name.ends_with("__") {
        return Err(failure::raise(
            "SecurityError",
            format!("access to attribute '{name}' of '{class}' object is unsafe."),
        ));
    }
    Err(failure::raise("UndefinedError", format!("'{path}' has no attribute '{name}'")))
}

fn date_filter(value: &Value, format: Option<&str>) -> Result<Value, Error> {
    match (value.downcast_object_ref::<Moment>(), format) {
        (Some(moment), Some(format)) => calendar::strftime(moment, format).map(Value::from),
        (Some(moment), None) => Ok(Value::from(moment.isoformat())),
        // Airflow's filters give None for None.
        (None, _) if value.is_none() || value.is_undefined() => Ok(value.clone()),
        (None, _) => {
            let kind = type_names(value).1;
            Err(failure::raise("UndefinedError", format!("'{kind}' has no attribute 'strftime'")))
        }
    }
}

//! Changes and reads of rows.

use super::query::{Whole, derived_limit, own_limit};
use super::{Reader, output, predicate};
use crate::config::Dialect;
use crate::frontend::sql::cursor::{Cursor, Read};
use crate::frontend::sql::lexer::Kind;
use crate::ir::{Assignment, DataDetails, DataSource, Details, Known, OpKind, QualifiedName, TableDetails, Where};

/// The words that end the parts of UPDATE and DELETE.
const CLAUSES: &[&str] = &["WHERE", "ORDER", "LIMIT", "RETURNING", "OUTPUT", "OPTION"];

impl<'a> Reader<'a> {
    /// A statement that begins with a word for data. The cursor stands at that word.
    pub(super) fn data(&mut self, c: Cursor<'a>) -> Read {
        let mut whole = Whole::new(c);
        if c.is("WITH") {
            return self.with(c, &mut whole);
        }
        self.write(c, &whole)
    }

    /// `( … )`: a query, or a write in needless parentheses.
    pub(super) fn parenthesised(&mut self, c: Cursor<'a>) -> Read {
        let mut inner = c;
        // Deep nesting is walked down, not recursed into.
        while let Some(deeper) = { inner }.group() {
            inner = deeper;
        }
        if !inner.is_any(&["SELECT", "WITH", "VALUES", "TABLE"]) {
            return Err("a statement");
        }
        self.data(inner)
    }

    /// WITH name AS (…), … statement: an operation for each write in it.
    fn with(&mut self, c: Cursor<'a>, whole: &mut Whole) -> Read {
        let mut c = c;
        let before = self.operations.len();
        c.eat("WITH");
        c.eat("RECURSIVE");
        loop {
            let name = c.ident_text().ok_or("the name of a WITH query")?;
            c.group();
            c.expect("AS")?;
            let _ = c.eat("NOT MATERIALIZED") || c.eat("MATERIALIZED");
            let query = c.group().ok_or("a query in parentheses")?;
            let mut limit = own_limit(query).or_else(|| whole.cte_limit(query));
            if query.is_any(&["INSERT", "UPDATE", "DELETE", "MERGE"]) {
                let span = self.span;
                self.span = query.span();
                let read = self.write(query, whole);
                self.span = span;
                read?;
                // What a bounded write returns is bounded.
                if let Some(Details::Data(data)) = self.operations.last().map(|op| &op.details)
                    && data.limited
                {
                    limit = Some(data.limit);
                }
            }
            whole.ctes.insert(name, limit);
            while c.eat("SEARCH") || c.eat("CYCLE") {
                // Its columns are between commas too: the next query is told by its AS.
                c.until(|c| {
                    (c.at_kind(Kind::Comma) && before_query(c))
                        || c.is_any(&["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"])
                        || c.at_kind(Kind::Open)
                });
            }
            if !c.eat_kind(Kind::Comma) {
                break;
            }
        }
        if c.is_any(&["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"]) {
            return self.write(c, whole);
        }
        if self.operations.len() == before {
            return self.select(c, whole);
        }
        Ok(())
    }

    fn write(&mut self, mut c: Cursor<'a>, whole: &Whole) -> Read {
        if c.eat("UPDATE") {
            self.update(&mut c, whole)
        } else if c.eat("DELETE") {
            self.delete(&mut c, whole)
        } else if c.is_any(&["INSERT", "REPLACE"]) {
            self.insert(&mut c, whole)
        } else if c.eat("MERGE") {
            self.merge(&mut c, whole)
        } else if c.eat_any(&["COPY", "\\COPY"]) {
            self.copy(&mut c)
        } else if c.eat("LOAD") {
            if !c.eat("DATA") {
                self.other("load");
                return Ok(());
            }
            c.until_word(&["INTO"]);
            c.expect("INTO TABLE")?;
            let table = c.name()?;
            self.inserted(table, DataDetails { source: Some(DataSource::Copy), ..DataDetails::default() });
            Ok(())
        } else {
            self.select(c, whole)
        }
    }

    fn update(&mut self, c: &mut Cursor<'a>, whole: &Whole) -> Read {
        if c.eat("OR") {
            c.skip();
        }
        c.eat("LOW_PRIORITY");
        c.eat("IGNORE");
        let top = if c.is("TOP") { own_limit(*c) } else { None };
        if c.eat("TOP") {
            c.group();
        }
        let only = c.is("ONLY");
        let table = c.relation()?;
        let start = *c;
        let joined = c.until_word(&["SET"]);
        let alias = joined.rest().last().map(|t| joined.source(t).to_lowercase());
        if !c.eat("SET") {
            if c.text.first_hole(start.range()).is_none() {
                return Err("SET");
            }
            // The unknown part holds the SET and what follows it.
            let mut op = self.op(OpKind::DataUpdate);
            op.table = Some(table);
            op.details = Details::Data(Box::new(DataDetails { condition: Where::Unknown, ..DataDetails::default() }));
            self.push(op);
            return Ok(());
        }
        let list = c.until(|c| c.is_any(CLAUSES) || at_from(c));
        let mut details = whole.details(Some(&table), start);
        details.assignments = assignments(list, &table, alias.as_deref());
        let open_end = list.rest().last().is_some_and(|t| t.kind == Kind::Hole)
            && list.rest().iter().rev().nth(1).is_none_or(|t| list.source(t) != "=");
        details.condition = condition(c, open_end, &own_names(&table, start));
        whole.bound(&mut details, start);
        if let Some(limit) = top {
            details.limited = true;
            details.limit = limit;
        }
        let mut op = self.op(OpKind::DataUpdate);
        (op.table, op.only) = (Some(table), only);
        op.details = Details::Data(Box::new(details));
        self.push(op);
        Ok(())
    }

    fn delete(&mut self, c: &mut Cursor<'a>, whole: &Whole) -> Read {
        while c.eat_any(&["LOW_PRIORITY", "QUICK", "IGNORE"]) {}
        let top = if c.is("TOP") { own_limit(*c) } else { None };
        if c.eat("TOP") {
            c.group();
        }
        let from = c.eat("FROM");
        if !from && self.dialect() == Dialect::Postgres && c.text.is_known() {
            return Err("FROM");
        }
        let only = c.is("ONLY");
        let table = c.relation()?;
        let start = *c;
        c.until_word(CLAUSES);
        let before = start.range_to(c);
        let open_end = start.text.first_hole(before).is_some();
        let mut details = whole.details(Some(&table), start);
        details.condition = condition(c, open_end, &own_names(&table, start));
        whole.bound(&mut details, start);
        if let Some(limit) = top {
            details.limited = true;
            details.limit = limit;
        }
        let mut op = self.op(OpKind::DataDelete);
        (op.table, op.only) = (Some(table), only);
        op.details = Details::Data(Box::new(details));
        self.push(op);
        Ok(())
    }

    fn insert(&mut self, c: &mut Cursor<'a>, whole: &Whole) -> Read {
        let mut conflict = c.eat("REPLACE");
        c.eat("INSERT");
        if c.eat("OR") {
            conflict = true;
            c.step();
        }
        while c.is_any(&["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "OVERWRITE"]) {
            conflict |= c.is("IGNORE");
            c.step();
        }
        let into = c.eat("INTO");
        if !into && self.dialect() == Dialect::Postgres && c.text.is_known() {
            return Err("INTO");
        }
        let table = c.relation()?;
        if c.eat("AS") {
            c.ident_text();
        }
        let start = *c;
        let mut details = whole.details(Some(&table), start);
        details.on_conflict = conflict || c.has("ON CONFLICT") || c.has("ON DUPLICATE KEY");
        let columns = { *c }.group().filter(|inner| !inner.is_any(&["SELECT", "WITH", "VALUES"]));
        if let Some(columns) = columns {
            details.columns = columns.column_list();
            c.group();
        }
        c.until_word(&["VALUES", "VALUE", "SELECT", "WITH", "DEFAULT", "SET", "TABLE", "EXEC"]);
        if c.eat_any(&["VALUES", "VALUE"]) {
            details.source = Some(DataSource::Values);
            details.rows = rows(*c);
        } else if c.eat("DEFAULT VALUES") {
            details.source = Some(DataSource::Values);
            details.rows = Some(1);
        } else if c.eat("SET") {
            details.source = Some(DataSource::Values);
            details.rows = Some(1);
            details.assignments = assignments(c.until_word(&["ON", "AS"]), &table, None);
            details.columns = details.assignments.iter().map(|a| a.column.clone()).collect();
        } else if !c.done()
            || { start }.group().is_some_and(|g| g.is_any(&["SELECT", "WITH"]))
            || has_group_query(start)
        {
            details.source = Some(DataSource::Select);
            let query = if c.done() { start } else { *c };
            let limit = own_limit(query).or_else(|| whole.cte_limit(query)).or_else(|| derived_limit(query));
            details.limited = limit.is_some();
            details.limit = limit.flatten();
            let mut from = query;
            from.until_word(&["WHERE"]);
            details.condition = condition(&mut from, false, &[]);
        } else if c.text.first_hole(start.range()).is_none() && !start.rest().iter().any(|t| t.hole) {
            return Err("VALUES or SELECT");
        }
        self.inserted(table, details);
        Ok(())
    }

    fn inserted(&mut self, table: Known<QualifiedName>, details: DataDetails) {
        let mut op = self.op(OpKind::DataInsert);
        op.table = Some(table);
        op.details = Details::Data(Box::new(details));
        self.push(op);
    }

    fn merge(&mut self, c: &mut Cursor<'a>, whole: &Whole) -> Read {
        c.eat("INTO");
        let table = c.relation()?;
        let start = *c;
        let mut details = whole.details(Some(&table), start);
        c.until_word(&["ON", "WHEN"]);
        if c.eat("ON") {
            let on = c.until_word(&["WHEN"]);
            details.condition = predicate::condition(on, &own_names(&table, start));
        } else if c.text.first_hole(start.range()).is_some() {
            details.condition = Where::Unknown;
        }
        let query = { start }.until_word(&["ON"]);
        let limit = derived_limit(query).or_else(|| whole.cte_limit(query));
        details.limited = limit.is_some();
        details.limit = limit.flatten();
        while c.eat("WHEN") {
            c.until_word(&["THEN"]);
            c.eat("THEN");
            if c.eat("UPDATE SET") {
                let list = c.until_word(&["WHEN", "RETURNING", "OUTPUT"]);
                details.assignments.extend(assignments(list, &table, None));
            } else {
                if c.eat("INSERT")
                    && let Some(columns) = c.group()
                {
                    details.columns = columns.column_list();
                }
                c.until_word(&["WHEN"]);
            }
        }
        let mut op = self.op(OpKind::DataMerge);
        op.table = Some(table);
        op.details = Details::Data(Box::new(details));
        self.push(op);
        Ok(())
    }

    fn copy(&mut self, c: &mut Cursor<'a>) -> Read {
        if c.eat("INTO") {
            let op = self.op(OpKind::DataSelect);
            self.push(op);
            return Ok(());
        }
        if let Some(query) = c.group() {
            // COPY (query) TO: the query can be a write that returns rows.
            return if query.at_kind(Kind::Open) { self.parenthesised(query) } else { self.data(query) };
        }
        c.eat("BINARY");
        let table = c.relation()?;
        let columns = c.group().map(Cursor::column_list).unwrap_or_default();
        if c.eat("FROM") {
            let source = Some(DataSource::Copy);
            self.inserted(table, DataDetails { source, columns, ..DataDetails::default() });
            return Ok(());
        }
        c.expect("TO")?;
        let mut op = self.op(OpKind::DataSelect);
        op.table = Some(table);
        self.push(op);
        Ok(())
    }

    fn select(&mut self, c: Cursor<'a>, whole: &Whole) -> Read {
        let mut rest = c;
        if rest.eat("SELECT") {
            if rest.is("SET_CONFIG") || rest.at_phrase("PG_CATALOG") {
                self.settings(rest);
                return Ok(());
            }
            let list = rest.until_word(&["INTO", "FROM"]);
            if rest.eat("INTO") && !rest.is_any(&["OUTFILE", "DUMPFILE"]) && !rest.at_kind(Kind::Param) {
                return self.select_into(&mut rest, c);
            }
            if list.done() && rest.done() && c.text.is_known() && self.dialect() != Dialect::Postgres {
                return Err("what to select");
            }
        } else if rest.eat("FROM") || !rest.is_any(&["VALUES", "TABLE"]) && !rest.at_kind(Kind::Open) {
            return Err("a query");
        }
        let mut op = self.op(OpKind::DataSelect);
        let mut details = whole.details(None, c);
        details.limited = own_limit(c).is_some();
        details.limit = own_limit(c).flatten();
        op.details = Details::Data(Box::new(details));
        self.push(op);
        Ok(())
    }

    /// SELECT set_config(…), …
    fn settings(&mut self, c: Cursor<'a>) {
        let before = self.operations.len();
        for mut item in c.split_commas() {
            if item.eat("PG_CATALOG") {
                item.eat_kind(Kind::Dot);
            }
            if item.eat("SET_CONFIG") {
                self.set_config(&mut item);
            }
        }
        if self.operations.len() == before {
            let op = self.op(OpKind::DataSelect);
            self.push(op);
        }
    }

    /// SELECT … INTO table: CREATE TABLE AS.
    fn select_into(&mut self, c: &mut Cursor<'a>, whole: Cursor<'a>) -> Read {
        let mut details = TableDetails { as_select: true, ..TableDetails::default() };
        details.query = Some(output::read(whole));
        details.temporary = c.eat("TEMPORARY") || c.eat("TEMP");
        details.unlogged = c.eat("UNLOGGED");
        c.eat("TABLE");
        let mut op = self.op(OpKind::TableCreate);
        op.table = Some(c.name()?);
        op.details = Details::Table(Box::new(details));
        self.push(op);
        Ok(())
    }
}

/// The names that the columns of the changed table go by; `after` stands after its name.
fn own_names(table: &Known<QualifiedName>, mut after: Cursor<'_>) -> Vec<String> {
    // Of a table whose name is not known nothing tells which columns are its own. T-SQL and MySQL name the table
    // after FROM too: UPDATE alias SET … FROM table AS alias.
    let Some(table) = table.known().filter(|_| after.dialect == Dialect::Postgres) else { return Vec::new() };
    let mut names = vec![table.name.clone()];
    after.eat("AS");
    if !after.is_any(&["SET", "USING", "FROM", "JOIN", "INNER", "LEFT", "CROSS"]) && !after.is_any(CLAUSES) {
        names.extend(after.ident_text());
    }
    names
}

/// FROM that is not part of IS DISTINCT FROM.
fn at_from(c: &Cursor<'_>) -> bool {
    c.is("FROM") && !c.follows("DISTINCT")
}

/// Whether the name after the comma here is that of a further WITH query.
fn before_query(c: &Cursor<'_>) -> bool {
    c.peek_nth(2).is_some_and(|t| t.kind == Kind::Open || c.source(t).eq_ignore_ascii_case("as"))
}

fn has_group_query(mut c: Cursor<'_>) -> bool {
    c.group();
    c.group().is_some_and(|g| g.is_any(&["SELECT", "WITH"]) || g.at_kind(Kind::Open))
}

/// WHERE … from here on. With `open_end` an unknown part before the end could hold it.
fn condition(c: &mut Cursor<'_>, open_end: bool, own: &[String]) -> Where {
    let mut c = *c;
    c.until_word(&["WHERE"]);
    if c.eat("WHERE") {
        if c.at_phrase("CURRENT OF") {
            return Where::Predicate(crate::ir::Predicate { text: c.shown(), terms: Vec::new(), complete: false });
        }
        let inside = c.until(|c| {
            c.is_any(&[
                "ORDER",
                "LIMIT",
                "RETURNING",
                "OPTION",
                "GROUP",
                "HAVING",
                "UNION",
                "FETCH",
                "WINDOW",
                "OFFSET",
            ]) || c.at_phrase("ON CONFLICT")
                || c.at_phrase("ON DUPLICATE")
                || c.at_phrase("FOR UPDATE")
        });
        return predicate::condition(inside, own);
    }
    if open_end { Where::Unknown } else { Where::Absent }
}

/// The rows of VALUES; `None` where an unknown part could be more of them.
fn rows(mut c: Cursor<'_>) -> Option<u64> {
    let mut count = 0;
    loop {
        c.eat("ROW");
        if c.at_kind(Kind::Hole) || (c.peek().is_some_and(|t| t.hole)) {
            return None;
        }
        c.group()?;
        count += 1;
        if !c.eat_kind(Kind::Comma) {
            return Some(count);
        }
    }
}

/// The SET list.
fn assignments(list: Cursor<'_>, table: &Known<QualifiedName>, alias: Option<&str>) -> Vec<Assignment> {
    let mut found = Vec::new();
    for mut part in list.split_commas() {
        if let Some(columns) = part.group() {
            part.eat_operator("=");
            let value = part.shown();
            let values = part.group().map(Cursor::split_commas).unwrap_or_default();
            let columns = columns.column_list();
            let paired = values.len() == columns.len();
            for (at, column) in columns.into_iter().enumerate() {
                let own = values.get(at).filter(|_| paired).map(Cursor::shown);
                found.push(Assignment { column, value: own.unwrap_or_else(|| value.clone()) });
            }
            continue;
        }
        let Some(mut column) = part.ident_text() else { continue };
        while part.eat_kind(Kind::Dot) {
            let next = part.ident_text().unwrap_or_default();
            let qualifier = alias == Some(column.as_str()) || table.known().is_some_and(|t| t.name == column);
            if qualifier || part.dialect != Dialect::Postgres {
                column = next;
            }
        }
        part.until(|c| c.at_operator("=") || c.at_operator(":="));
        part.step();
        if !part.done() {
            found.push(Assignment { column, value: part.shown() });
        }
    }
    found
}

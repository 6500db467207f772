# SPDX-License-Identifier: GPL-2.0-only
#
# Names of a C translation unit (cc -E -P): a line "type NAME" for each struct or union that has a
# tag and a body at file level, "member NAME|PATH" for each of its members, nested ones by their
# path, "value NAME" for each enumerator. Members whose name starts with "_" are padding.

{ text = text " " $0 }

function next_token() {
    while (length(text)) {
        if (match(text, /^[ \t]+/)) {
            text = substr(text, RLENGTH + 1)
        } else if (match(text, /^"[^"]*"/) || match(text, /^[A-Za-z0-9_]+/) || match(text, /^./)) {
            token = substr(text, 1, RLENGTH)
            text = substr(text, RLENGTH + 1)
            return 1
        }
    }
    return 0
}

function skip(opening, closing,    depth) {      # the opening token is current
    depth = 1
    while (depth && next_token())
        depth += (token == opening) - (token == closing)
}

# Members of the body that is open. found[at, *] receives their paths; returns how many.
function members(at,    n, name, nested, inner, i, declared) {
    n = 0
    nested = 0
    declared = 0
    name = ""
    while (next_token() && token != "}") {
        if (token == "{") {
            nested = 1
            inner = members(at + 1)
            name = ""
        } else if (token == "[") {
            skip("[", "]")
        } else if (token == "(") {
            skip("(", ")")
        } else if (token == ":") {          # width of a bit field
            next_token()
        } else if (token == "," || token == ";") {
            if (nested && (name == "" || name == "__attribute__")) {
                for (i = 0; i < inner; i++)
                    found[at, n++] = found[at + 1, i]
            } else {
                if (name !~ /^_/) {
                    found[at, n++] = name
                    for (i = 0; nested && i < inner; i++)
                        found[at, n++] = name "." found[at + 1, i]
                }
            }
            if (token == ";")
                nested = 0
            name = ""
        } else if (token ~ /^[A-Za-z_]/ && token != "__attribute__") {
            name = token
        }
    }
    return n
}

function enumerators(    name, fresh) {
    fresh = 1
    while (next_token() && token != "}") {
        if (fresh && token ~ /^[A-Za-z_]/) {
            print "value " token
            fresh = 0
        }
        if (token == ",")
            fresh = 1
    }
}

END {
    last = before = ""
    while (next_token()) {
        if (token == "{") {
            if (before == "struct" || before == "union") {
                type = before " " last
                count = members(0)
                print "type " type
                for (k = 0; k < count; k++)
                    print "member " type "|" found[0, k]
            } else if (before == "enum" || last == "enum") {
                enumerators()
            } else {
                skip("{", "}")
            }
        } else if (token == "(") {
            skip("(", ")")
        }
        before = last
        last = token
    }
}

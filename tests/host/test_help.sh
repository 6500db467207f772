#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Help texts and man pages say the same: each program has a page, each verb of domctl an entry there,
# each option of a help text stands in the page and none there that the help does not know; each key
# that a config may have is in guest.cfg(5). Needs no Pavo.
. tests/host/lib.sh
shopt -s extglob

# plain FILE: a man page as text that can be searched.
plain() { sed -E 's/\\f[BIR]//g; s/\\-/-/g; s/^\.(B|I|BR|RB|IR|RI|BI) //; s/"//g' "$1"; }
# options: the option words of a text on stdin, each once.
options() { grep -oE -- "(^|[^A-Za-z0-9_-])--?[A-Za-z][A-Za-z-]*" | sed 's/^[^-]*//; s/-*$//' | sort -u; }

# agree NAME HELP TEXT: HELP's options are in TEXT, by one of their names, and TEXT has no others; else
# $wrong says so.
agree() {
    local name=$1 help=$2 text=$3 known there line why='' word short long
    known=$(options <<<"$help")
    there=$(options <<<"$text")
    for word in $there; do
        [[ $word == @(-h|--help) ]] || grep -qx -- "$word" <<<"$known" || why+=" man page alone: $word"
    done
    # Options of the help that no line of it pairs with one that the page has.
    while read -r word; do
        [ -n "$word" ] && [[ $word != @(-h|--help) ]] || continue
        grep -qx -- "$word" <<<"$there" && continue
        line=$(grep -E -- "^ *(-[A-Za-z], )?--?[A-Za-z]" <<<"$help" | grep -E -- "(^|[ ,])$word([ =,]|$)" | head -n 1)
        read -r short long _ <<<"$(sed -nE 's/^ *(-[A-Za-z]), (--[a-z-]+).*/\1 \2/p' <<<"$line")"
        if [ -z "$short" ] || ! grep -qxE -- "($short|$long)" <<<"$there"; then why+=" help alone: $word"; fi
    done <<<"$known"
    [ -z "$why" ] || wrong+=" $name:$why"
}

# entry PAGE VERB: what the page says about a verb, up to the next entry.
entry() {
    awk -v verb="$2" '
        /^\.SH/ { inside = 0; section = ($2 == "VERBS" || $2 == "COMMANDS" || section && /^\.SS/); next }
        /^\.TP/ && section { inside = 0; tag = 1; next }
        tag { tag = 0; line = $0; gsub(/\\-/, "-", line); gsub(/\\f[BIR]|[],[{}|]|^\.[BIR]+ /, " ", line); n = split(line, w, /[ ]+/)
              for (i = 1; i <= n; i++) if (w[i] == verb) inside = 1 }
        inside' "$1" >"$scratch/entry"
    plain "$scratch/entry"
}

# ---- domctl, verb by verb
domctl=build/dom0-tools/domctl
page=docs/man/domctl.1 wrong=
for verb in $($domctl --help | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p'); do
    out=$($domctl "$verb" --help 2>&1)
    rc=$?
    text=$(entry $page "$verb")
    if [ $rc != 0 ] || [[ $out != "usage: domctl $verb"* ]]; then
        wrong+=" domctl $verb --help ended with $rc: $(head -n 1 <<<"$out")"
    elif [ -z "$text" ]; then
        wrong+=" $verb: no entry in $page"
    else
        agree "$verb" "$out" "$text"
    fi
done
check domctl-verbs "$wrong" [ -z "$wrong" ]
# And none that domctl does not have.
why=
mapfile -t verbs < <(sed -n '/^\.SH VERBS/,/^\.SH JSON/{s/\\-/-/g;p}' $page | grep -A 1 '^\.TP' |
    grep -oE '(\\fB|^\.B )[a-z][a-z-]*' | sed -E 's/^(\\fB|\.B )//')
for verb in "${verbs[@]}"; do
    case $verb in cfg | json | xml | all) continue ;; esac
    $domctl --help | grep -q "^  $verb " || why+=" $verb"
done
check domctl-no-other-verbs "$page has entries for:$why" [ -z "$why" ]

# ---- the other programs
for page in domd.8 consoled.8 stored.8 store.1 domtop.1 domxml.1; do
    name=${page%.*}
    program=$(find build/dom0-tools build/xenstore-like -maxdepth 1 -name "$name" -type f)
    out=$("${program:-false}" --help 2>&1)
    rc=$? wrong=
    if [ $rc != 0 ]; then
        fail "$name" "$name --help ended with $rc"
    elif [ ! -e docs/man/$page ]; then
        fail "$name" "no docs/man/$page"
    else
        agree "$name" "$out" "$(plain docs/man/$page | sed '/^\.SH SEE ALSO/,$d; /^\.SH EXAMPLES/,/^\.SH/d')"
        check "$name" "$wrong" [ -z "$wrong" ]
    fi
done
for program in build/dom0-tools/* build/xenstore-like/*; do
    [ -f "$program" ] || continue
    compgen -G "docs/man/${program##*/}.[1-8]" >/dev/null || fail "${program##*/}" "no man page"
done

# ---- keys of a config
why=
mapfile -t keys < <(sed -n '/^} keys\[\] = {/,/^};/s/^ *{"\([a-z_]*\)".*/\1/p' dom0-tools/lib/guest.c)
for key in "${keys[@]}"; do
    [ "$key" != builder ] || continue # an old name of type
    plain docs/man/guest.cfg.5 | grep -qE "(^|[ ,])$key([ ,.=]|$)" || why+=" $key"
done
check guest.cfg-keys "not in guest.cfg(5):$why" [ -z "$why" ]
[ ${#keys[@]} -gt 10 ] || fail guest.cfg-keys "the table of keys in dom0-tools/lib/guest.c was not found"

# ---- docs/xl-users.md
why=
for verb in $($domctl --help | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p'); do
    grep -qE "(^|[\`, ])${verb}([\`, ]|$)" docs/xl-users.md || why+=" $verb"
done
for key in "${keys[@]}"; do grep -qE "^\|.*\`$key\`.*\|" docs/xl-users.md || why+=" $key"; done
check xl-users-is-complete "docs/xl-users.md misses:$why" [ -z "$why" ]
why=
mapfile -t names < <(grep '^|' docs/xl-users.md | grep -oE '(host|unit)/[a-z_-]+(/[a-z0-9-]+)?' | sort -u)
for name in "${names[@]}"; do
    case $name in
    unit/*) grep -q "^$name/" tests/list || why+=" $name" ;;
    *) cat tests/list tests/list-long | grep -qx "$name" || why+=" $name" ;;
    esac
done
check xl-users-names-tests "not in tests/list:$why" [ -z "$why" ]
done_testing

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
# What xl(1) and xl.cfg(5) have, from the fetched pages of Debian's package.
xl=$(find build/cache/root/usr/share/man -name 'xl.1.gz')
xl_cfg=$(find build/cache/root/usr/share/man -name 'xl.cfg.5.gz')
# rows SECTION: the first cells' words in backquotes, a * as a pattern of the shell; one a line.
# shellcheck disable=SC2016  # backquotes of Markdown
rows() { sed -n "/^## $1/,/^## /p" docs/xl-users.md | sed -E 's/^\| (`(disk|vif)`):[^|]*/| \1 /' | sed -n 's/^|\([^|]*\)|.*/\1/p' |
    grep -oE '`[^`]*`' | tr -d '`'; }
# listed WORD <<ROWS: one of them is WORD, begins with it and a blank, or is a pattern that matches.
listed() {
    local row
    while read -r row _; do
        # shellcheck disable=SC2053  # a pattern
        [[ $1 != $row ]] || return 0
    done
    return 1
}
plain_gz() { zcat "$1" | sed -E 's/\\s-?[0-9]//g; s/\\f[BIR]//g; s/\\-/-/g; s/\\&//g'; }
why=
rows=$(rows Commands)
help=$($domctl --help)
mapfile -t verbs < <(plain_gz "$xl" | awk '/^\.SH/ { on = /SUBCOMMANDS|COMMANDS|PASS|DEVICE|FLASK|PLATFORM/ }
    /^\.RS/ { depth++ } /^\.RE/ { depth-- }
    on && !depth && sub(/^(\.ie n )?\.IP "?/, "") && /^[a-z][a-z0-9-]*/ { gsub(/".*/, ""); print $1 }' | sort -u)
for verb in "${verbs[@]}"; do
    [ "$verb" != help ] || continue
    listed "$verb" <<<"$rows" || why+=" $verb"
    grep -q "^  $verb " <<<"$help" || [[ $($domctl "$verb" 2>&1 </dev/null) == "domctl: $verb: not supported ("?????*")" ]] ||
        why+=" '$($domctl "$verb" 2>&1 </dev/null)'"
done
[ ${#verbs[@]} -gt 80 ] || why+=" only ${#verbs[@]} verbs were found in xl(1)"
check xl-users-has-every-verb "$why" [ -z "$why" ]
# Each option of a verb that both have means the same here or is refused by name: tests/host/xl-options says
# which. What xl(1) says, as VERB|OPTION|TEXT; options stand in the heads of verbs, too.
plain_gz "$xl" | awk '
    function tell() { if (option != "" && verb != "") print verb "|" option "|" text; option = text = "" }
    /^\.SH/ { tell(); verb = /GLOBAL OPTIONS/ ? "xl" : "" }
    /^\.RS/ { depth++ }
    /^\.RE/ { depth--; if (!depth) tell() }
    sub(/^(\.ie n )?\.IP "?/, "") {
        sub(/"? [0-9]+$/, ""); sub(/".*/, "")
        if (!depth && /^[a-z]/) {
            tell(); verb = $1; combined = 0
            if (match($0, /\[-[^]]*\]/)) { option = substr($0, RSTART + 1, RLENGTH - 2); gsub(/\|/, ", ", option) }
        } else if (/^-/ && !combined && (depth || verb == "xl")) { tell(); option = $0; gsub(/\|/, "/", option) }
        else if (depth && option != "") tell()
        next }
    /^COMBINATION/ { tell(); combined = 1 } # of options that were told before
    !/^\./ { text = text " " $0 }
    END { tell() }' >"$scratch/xl-options"
why='' tried=0
while IFS='|' read -r verb option text; do
    ours=$verb
    [[ $verb != sched-credit* ]] || ours=sched
    [ "$verb" = xl ] || grep -q "^  $ours " <<<"$help" || continue
    tried=$((tried + 1))
    row=$(awk -F'|' -v verb="$verb" -v option="$option" '$1 == verb && $2 == option' tests/host/xl-options)
    if [ -z "$row" ]; then
        why+=" $verb $option: is not in tests/host/xl-options;"
        continue
    fi
    IFS='|' read -r _ _ said verdict words name <<<"$row"
    grep -qiE -- "$said" <<<"$text" || why+=" $verb $option: xl(1) says '$text';"
    read -ra letters <<<"${option//[=,]/ }"
    for letter in "${letters[@]}"; do
        [[ $letter == -* ]] || continue
        words_before=("$ours")
        [ "$verb" != xl ] || words_before=()
        out=$($domctl "${words_before[@]}" "$letter" 2>&1 </dev/null)
        if [ "$verdict" = refused ]; then
            [[ $out == "domctl: "*"$letter"*"not supported ("*")" ]] && grep -qiE -- "$words" <<<"$out" || why+=" $verb $letter: '$out';"
            continue
        fi
        # What the help says about it, with the lines that go on.
        out=$($domctl "$ours" --help | awk -v letter="$letter" '/^ *-/ { on = 0; n = split($0, w, /[ ,=]+/); for (i = 1; i <= n; i++) if (w[i] == letter) on = 1 } on' | tr -s '\n ' '  ')
        [ "$verdict" = same ] && grep -qiE -- "$words" <<<"$out" || why+=" $verb $letter: the help says '$out';"
        cat tests/list tests/list-long | grep -qx "${name:-none}" || why+=" $verb $letter: no test $name;"
    done
done <"$scratch/xl-options"
[ $tried = "$(grep -c '^[a-z]' tests/host/xl-options)" ] || why+=" xl(1) has $tried such options, tests/host/xl-options others"
[ $tried -gt 35 ] || why+=" only $tried options were found in xl(1)"
check xl-options-are-told "$why" [ -z "$why" ]
why=
rows=$(rows 'Keys of xl.cfg')
mapfile -t xl_keys < <(plain_gz "$xl_cfg" | awk '/^\.RS/ { depth++ } /^\.RE/ { depth-- }
    !depth && sub(/^(\.ie n )?\.IP "?/, "") && match($0, /^[a-z][a-z0-9_]*=/) { print substr($0, 1, RLENGTH - 1) }' | sort -u)
printf 'name = "x"\nkernel = "/k"\n' >"$scratch/base.cfg"
for key in "${xl_keys[@]}"; do
    listed "$key" <<<"$rows" || why+=" $key"
    [[ " ${keys[*]} " != *" $key "* ]] || continue
    out=$($domctl create -n "$scratch/base.cfg" "$key=1" 2>&1 >/dev/null)
    [[ $out == "domctl: warning: -e: $key: has no effect: "* ]] || why+=" $key: '$out'"
done
[ ${#xl_keys[@]} -gt 130 ] || why+=" only ${#xl_keys[@]} keys were found in xl.cfg(5)"
check xl-users-has-every-key "$why" [ -z "$why" ]
# The same for what the elements of disk and vif may hold.
xl_device_keys() { # disk|vif
    if [ "$1" = disk ]; then
        plain_gz "${xl_cfg%/*}/xl-disk-configuration.5.gz" | awk '/^\.SH/ { on = /Parameters/ && !/Deprecated/ }
            /^\.RS/ { depth++ } /^\.RE/ { depth-- } on && !depth && sub(/^\.IP "?/, "") { sub(/".*/, ""); print }'
    else
        plain_gz "${xl_cfg%/*}/xl-network-configuration.5.gz" | sed -n 's/^\.SS "\(.*\)"/\1/p'
    fi | sed 's/=.*//' | tr -s ' /' '\n'
}
why='' tried=0
for device in disk vif; do
    # shellcheck disable=SC2016  # backquotes of Markdown
    rows=$(sed -n "s/^| \`$device\`:\([^|]*\)|.*/\1/p" docs/xl-users.md | grep -oE '`[^`]*`' | tr -d '`')
    good=/a,raw,xvda,rw,
    [ $device = disk ] || good=
    while read -r key; do
        tried=$((tried + 1))
        grep -qx -- "$key" <<<"$rows" || why+=" $device $key: no row;"
        case $key in
        *trusted | *discard | cdrom | colo | direct-io-safe) element=$good$key ;;
        target) element=vdev=xvda,target=/a ;;
        format) element=/a,vdev=xvda,format=raw ;;
        vdev) element=/a,raw,vdev=xvda ;;
        access) element=/a,raw,xvda,access=ro ;;
        mac) element=mac=00:16:3e:00:00:01 ;;
        rate) element=rate=1MB/s@20000 ;;
        devid) element=devid=1 ;;
        *) element=$good$key=x1 ;;
        esac
        out=$($domctl create -n "$scratch/base.cfg" "$device=['$element']" 2>&1 >/dev/null)
        # Done; without an effect, or refused, for a reason.
        [[ -z $out || $out == "domctl: warning: -e: $device: '$key' has no effect: "????* ||
            $out == "domctl: -e: $device: "*"$key"*" is not supported"[:,]" "????* ]] || why+=" $device $key: '$out';"
    done < <(xl_device_keys $device)
done
[ $tried = 35 ] || why+=" $tried keys were found, not 35"
check xl-users-has-every-device-key "$why" [ -z "$why" ]
# Each row says what holds it: a test, or why not.
why=$(sed -n '/^## Commands/,/^## Files/p' docs/xl-users.md | grep '^|' | grep -vE '^\| (---|xl|key) ' |
    grep -vE '(host|unit)/' | head -n 3)
check xl-users-rows-have-tests "$why" [ -z "$why" ]
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

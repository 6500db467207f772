# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the image recipes. $pkgs: the unpacked packages; $root: the tree of the image.
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
pkgs=$PWD/build/cache/root

# add_modules VERSION NAME...: kernel modules with all they depend on.
add_modules() {
    local version=$1 name file dir
    shift
    for name in "$@"; do
        modprobe -d "$pkgs" -S "$version" --show-depends "$name" ||
            { echo "no kernel module $name in $version" >&2; return 1; }
    done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
        dir=$root$(dirname "${file#"$pkgs"}")
        mkdir -p "$dir"
        cp "$file" "$dir/"
    done
    cp "$pkgs/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$version/"
    depmod -b "$root" "$version"
    # BusyBox reads the text form only.
    rm -f "$root/lib/modules/$version"/modules.*.bin
}

# add_busybox: the static busybox with a link for each of its commands.
add_busybox() {
    mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/sbin"
    ln -s bin "$root/sbin"
    cp "$pkgs/bin/busybox" "$root/bin/"
    local applet
    for applet in $("$pkgs/bin/busybox" --list); do
        [ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
    done
}

# find_library SONAME: its file among the fetched packages.
find_library() {
    local dir
    for dir in lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu lib64 usr/lib/x86_64-linux-gnu/{xen-4.17,ceph}; do
        [ -e "$pkgs/$dir/$1" ] && { echo "$pkgs/$dir/$1"; return 0; }
    done
    return 1
}

# add_libraries: for each ELF file below $root, the libraries it needs, until none is missing.
add_libraries() {
    local found file need lib again=1 seen=" "
    mkdir -p "$root/lib/x86_64-linux-gnu" "$root/lib64"
    # The C library opens this one by itself, to cancel or end a thread.
    cp -L "$(find_library libgcc_s.so.1)" "$root/lib/x86_64-linux-gnu/"
    while [ $again = 1 ]; do
        again=0
        while read -r file; do
            case $seen in *" $file "*) continue ;; esac
            seen+="$file "
            for need in $(readelf -d "$file" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
                [ -e "$root/lib/x86_64-linux-gnu/$need" ] && continue
                [ "$need" = ld-linux-x86-64.so.2 ] && continue
                lib=$(find_library "$need") || {
                    echo "$need (for ${file#"$root"}) is in no package of docs/dependencies.txt" >&2
                    return 1
                }
                cp -L "$lib" "$root/lib/x86_64-linux-gnu/$need"
                again=1
            done
        done < <(find "$root/bin" "$root/usr/bin" "$root/usr/sbin" "$root/lib/x86_64-linux-gnu" \
            "$root/usr/lib" -type f \( -perm -u+x -o -name '*.so*' \) ! -name '*.ko' 2>/dev/null)
    done
    found=$(find_library ld-linux-x86-64.so.2)
    cp -L "$found" "$root/lib64/ld-linux-x86-64.so.2"
}

# pack FILE: the tree as an uncompressed cpio (the fastest to boot). Owner root, same bytes each time.
pack() {
    find "$root" -exec touch -h -d @0 {} +
    (cd "$root" && find . -print0 | sort -z |
        cpio -0 -o -H newc -R 0:0 --reproducible --quiet) >"$1.tmp"
    mv -f "$1.tmp" "$1"
}

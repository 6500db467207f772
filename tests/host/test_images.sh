#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kernels are used byte for byte as their packages hold them, and nothing is fetched, installed or
# put into an image that docs/dependencies.txt does not list.
. tests/host/lib.sh
for pair in host:dom0 guest:guest; do
    version=$(cat "build/cache/${pair#*:}.version")
    deb=$(compgen -G "build/cache/debs/linux-image-${version}_*.deb")
    dpkg-deb --fsys-tarfile "$deb" | tar -xO "./boot/vmlinuz-$version" >"$scratch/vmlinuz"
    check "${pair%:*}-kernel" "build/${pair%:*}/vmlinuz is not the file of $deb" \
        cmp -s "$scratch/vmlinuz" "build/${pair%:*}/vmlinuz"
done

unlisted=
for deb in build/cache/debs/*.deb; do
    name=${deb##*/} name=${name%%_*}
    awk -v n="$name" '($1 == "fetch" || $1 == "peer") && $2 == n { found = 1 } END { exit !found }' docs/dependencies.txt ||
        grep -qsxF "$name" build/cache/*.is || unlisted+=" $name"
done
check fetched-is-listed "not listed:$unlisted" [ -z "$unlisted" ]

# The scripts name no package themselves: they only read the list.
stray=$(grep -nE 'apt-get.* (install|download) ' dom0-tools/host/setup dom0-tools/host/fetch |
    grep -vE '"\$\{(lacking|missing)\[@\]\}"|line=|docker run')
check scripts-name-no-package "$stray" [ -z "$stray" ]
done_testing

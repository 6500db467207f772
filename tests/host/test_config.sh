#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# domctl config -f: one guest in three forms, each of which gives the others again; and files that are
# no config: one line, the exit status. Needs no Pavo.
. tests/host/lib.sh
domctl=$PWD/build/dom0-tools/domctl
mapfile -t keys < <(sed -n '/^} keys\[\] = {/,/^};/s/^ *{"\([a-z_]*\)".*/\1/p' dom0-tools/lib/guest.c)
cd "$scratch" || exit

cat >whole.cfg <<'E2'
name = "web"
uuid = "01234567-89ab-cdef-0123-456789abcdef"
kernel = "/guest/vmlinuz"
ramdisk = "initrd,odd"
cmdline = 'console=hvc0 a="b c" <&>\\ \t'
memory = 256
maxmem = 512
vcpus = 2
maxvcpus = 4
cpus = "0-1,^0"
cpu_weight = 512
cap = 150
max_grant_frames = 99
disk = [ "vdev=xvda,overlay=/images/over lay,target=/images/we b,x.img", "vdev=xvdb,access=ro,untrusted,target=/dev/vg/a,b" ]
vif = [ "bridge=br0,mac=00:16:3e:01:02:03,rate=1MB/s@20ms", "vifname=vif1.0,rate=10Mb/s",
        "vifname=lan,devid=7,untrusted", "rate=8Kb/s@60s", "rate=1500B/s", "rate=100Gb/s@20000", "rate=200GB/s" ]
on_poweroff = "rename-restart"
on_reboot = "destroy"
on_crash = "preserve"
E2
printf 'name = "small"\nkernel = "/k"\n' >small.cfg
for name in whole small; do
    for form in cfg json xml; do "$domctl" config -f $name.cfg -o $form >$name.1.$form; done
    for form in cfg json xml; do
        for to in cfg json xml; do
            "$domctl" config -f $name.1.$form -o $to >out 2>&1
            check "$name-$form-to-$to" "$(diff out $name.1.$to | head -n 3)" cmp -s out $name.1.$to
        done
    done
done
# It has every key; type says what is so anyway, root and extra become cmdline.
why=
for key in "${keys[@]}"; do
    case $key in type | builder | root | extra) continue ;; esac
    grep -q "^$key = " whole.cfg && grep -q "^  *\"$key\": " whole.1.json && grep -q "^$key = " whole.1.cfg || why+=" $key"
done
[ ${#keys[@]} -gt 15 ] || why+=" only ${#keys[@]} keys were found"
check whole-has-every-key "$why" [ -z "$why" ]
# Several settings in one word, as for xl; a bare string keeps its semicolon.
"$domctl" create -n small.cfg 'vcpus=2; cpus="0-1"; disk=["/a,raw,xvda,rw"]' -e 'extra=a;b=c' >out 2>err
check several-in-a-word "$(cat out err)" eval "grep -q '\"vcpus\": 2,' out && grep -q '\"vdev\": \"xvda\"' out &&
    grep -q '\"cmdline\": \"a;b=c\"' out"
check default-memory "$(cat small.1.json)" grep -q '"memory": 128' small.1.json

# A file of libvirt's own kind, not of ours.
cat >libvirt.xml <<'E2'
<!-- made by hand -->
<domain type='xen' id='3'>
  <name>mail</name>
  <description>with &lt;words&gt;</description>
  <memory unit='GiB'>1</memory>
  <currentMemory>524288</currentMemory>
  <vcpu current='1'>2</vcpu>
  <os><type arch='x86_64' machine='xenpv'>linux</type><kernel>/k</kernel><cmdline>a &amp; b</cmdline></os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <disk type='block' device='disk'><source dev='/dev/vg/mail'/><target dev='xvda'/></disk>
    <interface type='bridge'><source bridge='br1'/><target dev='vif3.0'/>
      <bandwidth><outbound average='2000'/></bandwidth></interface>
    <graphics type='vnc'/>
  </devices>
</domain>
E2
"$domctl" config -f libvirt.xml >out 2>err
# What the document says, and what it leaves open.
missing=
for line in 'name = "mail"' 'kernel = "/k"' 'cmdline = "a & b"' 'memory = 512' 'maxmem = 1024' 'vcpus = 1' \
    'maxvcpus = 2' 'disk = .*access=rw,target=/dev/vg/mail" ]' 'vif = .*bridge=br1,rate=2000KB/s@50000us" ]' \
    'on_poweroff = "destroy"' 'on_reboot = "restart"' 'on_crash = "destroy"'; do
    grep -qx "$line" out || missing+=" $line"
done
check libvirt-xml "$missing, $(cat err)" [ -z "$missing" ]
check libvirt-xml-made-vifname "$(cat out)" eval '! grep -q vif3 out'
check libvirt-xml-warning "$(cat err)" [ "$(cat err)" = 'domctl: warning: libvirt.xml:15: <graphics>: this device is not supported and left out' ]

# row NAME STATUS PATTERN: file NAME is refused.
row() {
    local rc
    timeout 20 "$domctl" config -f "$1" >out 2>err
    rc=$?
    if [ $rc != "$2" ] || [ "$(wc -l <err)" != 1 ] || [ -s out ] || ! grep -qE "^domctl: $3" err; then
        fail "$1" "status $rc: $(head -c 300 err)"
    else
        pass "$1"
    fi
}
xml() { printf '<domain type="xen"><name>x</name><os><kernel>/k</kernel></os>%s</domain>' "$2" >"$1"; }
printf '{ "name": ' >half.json
row half.json 2 'half.json: begins like JSON, but is no valid JSON'
printf '[[[[' | sed 's/\[/{/' >list.json
row list.json 2 'list.json: .*JSON'
printf '{"name": "x"}' >no-kernel.json
row no-kernel.json 2 'no-kernel.json: kernel: missing'
printf '{"name": "x", "kernel": "/k", "memory": "much"}' >type.json
row type.json 2 'type.json: memory: a number is needed'
printf '{"name": "x", "kernel": "/k", "memory": 3}' >range.json
row range.json 2 'range.json: memory: 3 MiB is not between'
printf '{"name": "x", "kernel": "\xff"}' >utf8.json
row utf8.json 2 'utf8.json: .*JSON'
printf '{"name": "x", "kernel": "/k", "disk": [ "/a,raw,xvda,rw" ]}' >disk.json
row disk.json 2 'disk.json: disk: target: a string is needed'
printf '<domain type="xen">' >half.xml
row half.xml 2 'half.xml:1: no valid XML: '
printf '<domain type="kvm"><name>x</name></domain>' >kvm.xml
row kvm.xml 2 'kvm.xml:1: <domain>: only type=.xen. is supported'
printf '<html></html>' >html.xml
row html.xml 2 'html.xml:1: <html>: no domain XML'
xml hvm.xml '<vcpu>1</vcpu><x/>' && sed -i 's/<os>/<os><type>hvm<\/type>/' hvm.xml
row hvm.xml 2 'hvm.xml:1: <type>: only PV guests are supported'
xml twice.xml '<name>y</name>'
row twice.xml 2 'twice.xml:1: <name>: is given twice'
xml memory.xml '<memory unit="YB">1</memory>'
row memory.xml 2 'memory.xml:1: <memory>: unknown unit'
xml cdrom.xml '<devices><disk type="file" device="cdrom"><source file="/a"/></disk></devices>'
row cdrom.xml 2 'cdrom.xml:1: <disk>: only device=.disk. is supported'
printf '<domain type="xen"><name>\xff\xfe</name></domain>' >utf8.xml
row utf8.xml 2 'utf8.xml:1: no valid XML'
# What entities could do: neither expanded nor fetched.
{
    echo '<!DOCTYPE domain [<!ENTITY a0 "ha">'
    for i in 1 2 3 4 5 6 7 8 9; do
        echo "<!ENTITY a$i \"&a$((i - 1));&a$((i - 1));&a$((i - 1));&a$((i - 1));&a$((i - 1));&a$((i - 1));\">"
    done
    echo ']><domain type="xen"><name>&a9;</name></domain>'
} >bomb.xml
row bomb.xml 2 'bomb.xml: a document type definition is not accepted'
echo '<!DOCTYPE domain [<!ENTITY f SYSTEM "file:///etc/passwd">]><domain type="xen"><name>&f;</name></domain>' >file.xml
row file.xml 2 'file.xml: a document type definition is not accepted'
echo '<!DOCTYPE domain SYSTEM "http://127.0.0.1:1/x.dtd"><domain type="xen"/>' >net.xml
row net.xml 2 'net.xml: a document type definition is not accepted'
head -c 100000 /dev/zero | tr '\0' '<' >garbage.xml
row garbage.xml 2 'garbage.xml:1: no valid XML'
head -c 900000 /dev/zero | sed 's/\x00/<a>/g' | head -c 900000 >deep.xml
row deep.xml 2 'deep.xml:'
head -c 10000000 /dev/zero | tr '\0' 'x' >long.cfg
row long.cfg 2 'config long.cfg: .*'
head -c 100000 /dev/urandom >random.cfg
row random.cfg 2 'random.cfg:1: |config '
# The converter alone refuses an input that is too long for it: a part might be a document as well.
{ cat whole.1.xml; head -c 4194304 /dev/zero | tr '\0' ' '; } | "${domctl%ctl}xml" read x >out 2>err
rc=$?
check xml-too-long "status $rc: $(head -c 300 out)" [ "$rc $(cat out err)" = "1 domxml: standard input: cannot be read, or is longer than 4 MiB" ]
xml unsayable.xml ''
for character in control-character:'\x01' no-character:$'\xef\xbf\xbf'; do
    printf 'name = "x"\nkernel = "/k"\ncmdline = "%s"\n' "${character#*:}" >control.cfg
    "$domctl" config -f control.cfg -o xml >out 2>err
    rc=$?
    check "${character%%:*}" "status $rc: $(cat err)" [ "$rc $(cat err)" = "2 domctl: cmdline: holds a character that XML cannot express (use JSON)" ]
done
done_testing

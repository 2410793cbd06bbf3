package webhook_test

import (
	"net/netip"
	"testing"

	"github.com/accountsd/accountsd/server/webhook"
)

// What is not public is not reached, in whatever form an address has it.
func TestNetworkPermits(t *testing.T) {
	t.Parallel()
	open := webhook.Network{}
	some := webhook.Network{Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for _, c := range []struct {
		address               string
		public, allowed, http bool // by open; by some; by some in clear text
	}{
		{"8.8.8.8", true, true, false}, {"2606:4700::1111", true, true, false}, {"64:ff9b::808:808", true, true, false},
		{"10.1.2.3", false, true, true}, {"::ffff:10.1.2.3", false, true, true}, {"64:ff9b::a01:203", false, true, true}, {"fd12::1", false, true, true},
		{"10.2.0.1", false, false, false}, {"::ffff:10.2.0.1", false, false, false}, {"64:ff9b::a02:1", false, false, false},
		{"127.0.0.1", false, false, false}, {"127.9.9.9", false, false, false}, {"::1", false, false, false}, {"::ffff:127.0.0.1", false, false, false}, {"::127.0.0.1", false, false, false},
		{"0.0.0.0", false, false, false}, {"0.1.2.3", false, false, false}, {"::", false, false, false},
		{"172.16.0.1", false, false, false}, {"192.168.1.1", false, false, false}, {"fc00::1", false, false, false},
		{"169.254.169.254", false, false, false}, {"fe80::1%eth0", false, false, false}, {"fd00:ec2::254", false, true, true}, {"::ffff:169.254.169.254", false, false, false},
		{"100.64.0.1", false, false, false}, {"100.100.100.200", false, false, false}, {"198.18.0.1", false, false, false}, {"192.0.2.1", false, false, false},
		{"198.51.100.1", false, false, false}, {"203.0.113.9", false, false, false}, {"192.0.0.192", false, false, false},
		{"224.0.0.1", false, false, false}, {"ff02::1", false, false, false}, {"255.255.255.255", false, false, false}, {"240.0.0.1", false, false, false},
		{"2002:7f00:1::", false, false, false}, {"2001:0:53aa::1", false, false, false}, {"2001:db8::1", false, false, false}, {"64:ff9b:1::1", false, false, false}, {"fec0::1", false, false, false},
	} {
		address := netip.MustParseAddr(c.address)
		if got := open.Permits(address, false); got != c.public {
			t.Errorf("%s: permitted %t", c.address, got)
		}
		if open.Permits(address, true) {
			t.Errorf("%s: permitted in clear text", c.address)
		}
		if got := some.Permits(address, false); got != c.allowed {
			t.Errorf("%s: permitted %t with some allowed", c.address, got)
		}
		if got := some.Permits(address, true); got != c.http {
			t.Errorf("%s: permitted %t in clear text with some allowed", c.address, got)
		}
	}
}

// Without the operator's leave neither clear text nor this machine is taken.
func TestWebhooksStayOutside(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://hooks.example.com": true, "https://8.8.8.8/x": true, "http://hooks.example.com": false, "https://localhost": false, "https://sub.LOCALHOST.": false,
		"https://127.0.0.1": false, "https://[::1]": false, "https://169.254.169.254/latest": false, "https://[fd00::1]/": false,
	} {
		if got := (webhook.Network{}).Offence(text) == ""; got != want {
			t.Errorf("%s: taken %t", text, got)
		}
	}
}

package signature_test

import (
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/gen/signature"
)

// The example of the specification of Standard Webhooks.
const (
	secret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	id        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	timestamp = "1614265330"
	body      = `{"test": 2432232314}`
	signed    = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func TestSign(t *testing.T) {
	t.Parallel()
	got, err := signature.Sign(id, timestamp, []byte(body), secret)
	if err != nil || got != signed {
		t.Errorf("got %s, %v", got, err)
	}
	other := signature.NewSecret()
	two, err := signature.Sign(id, timestamp, []byte(body), other, secret)
	if err != nil || !strings.HasSuffix(two, " "+signed) || strings.Count(two, "v1,") != 2 {
		t.Errorf("got %s, %v", two, err)
	}
	if other == signature.NewSecret() || !strings.HasPrefix(other, "whsec_") {
		t.Errorf("two secrets are alike, or have another form: %s", other)
	}
	if got := signature.Timestamp(time.Unix(1614265330, 7)); got != timestamp {
		t.Errorf("got %s", got)
	}
}

func TestIsSigned(t *testing.T) {
	t.Parallel()
	other := signature.NewSecret()
	for _, c := range []struct {
		header, id, timestamp, body string
		secrets                     []string
		want                        bool
	}{
		{signed, id, timestamp, body, []string{secret}, true},
		{signed, id, timestamp, body, []string{strings.TrimPrefix(secret, "whsec_")}, true},
		{"v1a,abc v2,xyz v1,%% " + signed, id, timestamp, body, []string{other, secret}, true},
		{signed, id, timestamp, body, []string{other}, false},
		{signed, id, timestamp, body, nil, false},
		{signed, id + "1", timestamp, body, []string{secret}, false},
		{signed, id, timestamp + "1", body, []string{secret}, false},
		{signed, id, timestamp, body + " ", []string{secret}, false},
		{strings.TrimPrefix(signed, "v1,"), id, timestamp, body, []string{secret}, false},
		{strings.Repeat("v1,AAAA ", 100) + signed, id, timestamp, body, []string{secret}, false},
		{"v1,", id, timestamp, body, []string{secret}, false},
		{"", id, timestamp, body, []string{secret}, false},
	} {
		if got, err := signature.IsSigned(c.header, c.id, c.timestamp, []byte(c.body), c.secrets...); got != c.want || err != nil {
			t.Errorf("%s of %s.%s.%s with %d secrets: %t, %v", c.header, c.id, c.timestamp, c.body, len(c.secrets), got, err)
		}
	}
}

func TestWrongSecrets(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "whsec_", "whsec_abc", "whsec_" + strings.Repeat("A", 4), strings.Repeat("A", 100), secret + "!"} {
		_, err := signature.IsSigned(signed, id, timestamp, []byte(body), wrong)
		_, signing := signature.Sign(id, timestamp, []byte(body), wrong)
		if err == nil || signing == nil || wrong != "" && len(wrong) > 6 && strings.Contains(err.Error(), wrong[6:]) {
			t.Errorf("%q: %v, %v", wrong, err, signing)
		}
	}
}

// Package signature signs requests and verifies them, as Standard Webhooks 1.0 says:
// by HMAC-SHA256 over the id, the time and the body, with a secret that both sides
// know.
package signature

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The headers of a request.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	prefix  = "whsec_" // of secrets as people see them
	version = "v1,"    // of signatures, ahead of each

	// keySize is how many bytes a new secret has; Standard Webhooks takes 24 to 64.
	keySize          = 32
	minKey, maxKey   = 24, 64
	maxOfSignatures  = 20 // that are looked at, so that a long header takes no time
	signatureDivider = " "
)

// ErrSecret is of a text that is no secret. It does not hold the text.
var ErrSecret = errors.New("a secret is whsec_ and 24 to 64 bytes in base64")

// NewSecret makes a secret.
func NewSecret() string {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // It never fails.
	return prefix + base64.StdEncoding.EncodeToString(key)
}

// keyOf is what a secret signs with.
func keyOf(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, prefix))
	if err != nil || len(key) < minKey || len(key) > maxKey {
		return nil, ErrSecret
	}
	return key, nil
}

// Timestamp is a time as the header has it.
func Timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// Sign returns the value of the header with a signature by each of the secrets.
func Sign(id, timestamp string, body []byte, secrets ...string) (string, error) {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := keyOf(secret)
		if err != nil {
			return "", err
		}
		signatures[i] = version + base64.StdEncoding.EncodeToString(sum(key, id, timestamp, body))
	}
	return strings.Join(signatures, signatureDivider), nil
}

func sum(key []byte, id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// IsSigned tells whether one of the signatures in the value of a header was made with
// one of the secrets. How long that takes tells nothing of them.
func IsSigned(header, id, timestamp string, body []byte, secrets ...string) (bool, error) {
	var sums [][]byte
	for _, secret := range secrets {
		key, err := keyOf(secret)
		if err != nil {
			return false, err
		}
		sums = append(sums, sum(key, id, timestamp, body))
	}
	signed := false
	for _, text := range strings.SplitN(header, signatureDivider, maxOfSignatures) {
		encoded, ok := strings.CutPrefix(text, version)
		sent, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			continue // It is of another version, as of one with public keys.
		}
		for _, want := range sums {
			signed = hmac.Equal(sent, want) || signed
		}
	}
	return signed, nil
}

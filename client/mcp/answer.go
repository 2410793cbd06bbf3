package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/accountsd/accountsd/client"
)

// recordOf is a record as it is sent, with its numbers to the digit.
func recordOf(value any) (map[string]any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func decode(text []byte) (record map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&record); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return record, nil
}

// answerOf reads an answer of the generated client.
func answerOf(resp *http.Response, err error) (record map[string]any, status int, _ error) {
	if err != nil {
		return nil, 0, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, 0, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, resp.StatusCode, client.ErrorOf(resp, body)
	}
	record, err = decode(body)
	return record, resp.StatusCode, err
}

// isPassing tells whether the same may succeed later.
func isPassing(err error) bool {
	if e, ok := errors.AsType[*client.Error](err); ok {
		return e.Status == 0 || e.Status == http.StatusRequestTimeout || e.Status >= http.StatusInternalServerError || e.Status == http.StatusTooManyRequests ||
			e.Code == "IDEMPOTENCY_IN_PROGRESS"
	}
	_, stale := errors.AsType[*staleError](err)
	return !stale
}

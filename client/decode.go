package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
)

// answer reads an answer with one of the declared statuses, which are 200 if none
// is named, as a T. err is that of the call that got it. Every error is an
// *Error.
func answer[T any](resp *http.Response, err error, declared ...int) (*T, error) {
	body, err := accept(resp, err, declared...)
	if err != nil {
		return nil, err
	}
	if mediaType(resp.Header) != "application/json" {
		return nil, unexpected(resp, body, "the answer is %q, not JSON", resp.Header.Get("Content-Type"))
	}
	var value *T
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, unexpected(resp, body, "%w", err)
	}
	if value == nil {
		return nil, unexpected(resp, body, "the answer is null")
	}
	return value, nil
}

// noContent reads an answer that holds nothing.
func noContent(resp *http.Response, err error) error {
	_, err = accept(resp, err, http.StatusNoContent)
	return err
}

// identified is answer for a record, which has an id that id finds.
func identified[T any](id func(*T) int64, resp *http.Response, err error, declared ...int) (*T, error) {
	record, err := answer[T](resp, err, declared...)
	if err != nil {
		return nil, err
	}
	if id(record) < 1 {
		return nil, unexpected(resp, nil, "the answer is not a record")
	}
	return record, nil
}

// accept returns the body of an answer with one of the declared statuses.
func accept(resp *http.Response, err error, declared ...int) ([]byte, error) {
	if err != nil {
		if known, ok := errors.AsType[*Error](err); ok {
			return nil, known
		}
		return nil, invalid("the request cannot be written: %v", err)
	}
	body, err := io.ReadAll(resp.Body) // in memory, so it does not fail
	if err != nil {
		return nil, unexpected(resp, body, "%w", err)
	}
	if len(declared) == 0 {
		declared = []int{http.StatusOK}
	}
	if slices.Contains(declared, resp.StatusCode) {
		return body, nil
	}
	if resp.StatusCode/100 == 2 {
		return nil, unexpected(resp, body, "status %s", resp.Status)
	}
	return nil, problemError(resp, body)
}

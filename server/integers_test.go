package server_test

import "testing"

// A whole number is an integer however it is written, everywhere; what is none
// is told where it is and as it was sent, with everything else that is wrong.
func TestIntegers(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "beside other offences", request: request{method: "PATCH", path: "/accounts/1", body: `{"isActive":null,"number":5.0,"custom":{"nope":1}}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/custom/nope: custom.nope is not a property of this company",
			"/isActive: isActive must not be null",
		}},
		{name: "all kinds at once", request: request{method: "PATCH", path: "/accounts/1", body: `{"number":7.5,"contacts":[1.0,1.5,85,0,{"id":86}],"custom":{"nope":1}}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/contacts/1: contacts[1] must be an integer of at least 1 or an object with id; got 1.5",
			"/contacts/2: contacts[2] must be the id of a contact of this company; got 85",
			"/contacts/3: contacts[3] must be an integer of at least 1 or an object with id; got 0",
			"/contacts/4: contacts[4] must be the id of a contact of this company; got 86",
			"/custom/nope: custom.nope is not a property of this company",
			"/number: number must be an integer from 1 to 9007199254740991; got 7.5",
		}},
		{name: "a fraction of zero", request: request{method: "PATCH", path: "/accounts/1", body: `{"number":5.0}`}, status: 200, changes: true},
		{name: "an exponent", request: request{method: "PATCH", path: "/accounts/1", body: `{"number":1e3}`}, status: 200, changes: true},
		{name: "a contact", request: request{method: "PATCH", path: "/accounts/1", body: `{"contacts":[1.0,{"id":2e0}]}`}, status: 200, changes: true},
		{name: "an unknown contact", request: request{method: "PATCH", path: "/accounts/1", body: `{"contacts":[85.0]}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/contacts/0: contacts[0] must be the id of a contact of this company; got 85",
		}},
		{name: "beyond 64 bits", request: request{method: "PATCH", path: "/accounts/1", body: `{"contacts":[9223372036854775808],"number":9223372036854775808}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/contacts/0: contacts[0] must be an integer from 1 to 9223372036854775807; got 9223372036854775808",
			"/number: number must be an integer from 1 to 9007199254740991; got 9223372036854775808",
		}},
		{name: "far beyond 64 bits", request: request{method: "PATCH", path: "/accounts/1", body: `{"contacts":[99999999999999999999]}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/contacts/0: contacts[0] must be an integer from 1 to 9223372036854775807 or an object with id; got 99999999999999999999",
		}},
		{name: "not a float of it", request: request{method: "PATCH", path: "/accounts/1", body: `{"value":9007199254740993}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/value: value must be a number from -1000000000000000 to 1000000000000000; got 9007199254740993",
		}},
		{name: "of a batch", request: request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":1.0,"set":{"title":"x"}},{"id":1,"set":{"number":5.5,"titel":"x"}}]}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/updates/1/set/number: updates[1].set.number must be an integer from 1 to 9007199254740991; got 5.5",
			"/updates/1/set/titel: updates[1].set.titel is not a known member; did you mean \"title\"?",
		}},
		{name: "of a batch, whole", request: request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":1,"set":{"title":"x"}},{"id":1e0,"set":{"number":5.0}}]}`}, status: 200, changes: true},
		{name: "of a contact", request: request{method: "POST", path: "/contacts", body: `{"name":"Max","accountIds":[1.0]}`}, status: 201, changes: true},
		{name: "of a contact, a fraction", request: request{method: "POST", path: "/contacts", body: `{"name":"Max","accountIds":[1.0,1.5]}`}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/accountIds/1: accountIds[1] must be an integer of at least 1; got 1.5",
		}},
		{name: "in the path", request: request{method: "GET", path: "/accounts/9223372036854775808", body: ""}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"path accountId: accountId must be an integer from 1 to 9223372036854775807; got 9223372036854775808",
		}},
		{name: "in the query", request: request{method: "GET", path: "/accounts?page=9223372036854775808", body: ""}, status: 400, code: "VALIDATION_ERROR", errors: []string{
			"query page: page must be an integer from 1 to 1000000000; got 9223372036854775808",
		}},
	})
}

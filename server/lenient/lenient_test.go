package lenient_test

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/lenient"
)

// parameters are those of an operation that has all of them.
var parameters = []string{
	"page_size", "page", "cursor", "q", "title", "address", "primaryName", "primaryEmail", "primaryPhone", "account_id", "email", "id",
	"updated_after", "updated_before", "order_by", "logic", "op1", "op2", "match_by", "match_found_strategy", "record_type",
	"allow_new_options", "dry_run", "force", "include_archived", "include_contacts", "include_total", "include_virtual_properties",
}

// A queryCase is a query before and after the rule.
type queryCase struct{ sent, read string }

var queryCases = map[string]queryCase{
	"_ ignored":                            {"_=123&q=a", "q=a"},
	"limit read as page_size":              {"limit=1", "page_size=1"},
	"page_size over 100 read as 100":       {"page_size=200", "page_size=100"},
	"offset=0 ignored":                     {"offset=0", ""},
	"offset read as page":                  {"offset=50&page_size=25", "page=3&page_size=25"},
	"updated_after read as UTC":            {"updated_after=2026-01-01", "updated_after=2026-01-01T00%3A00%3A00Z"},
	"updated_before read as UTC":           {"updated_before=2026-01-01 10:00:00.5", "updated_before=2026-01-01T10%3A00%3A00.5Z"},
	"order_by in another case":             {"order_by=ASC", "order_by=asc"},
	"logic in another case":                {"logic=OR", "logic=or"},
	"op1 in another case":                  {"op1=EQ", "op1=eq"},
	"op2 in another case":                  {"op2=Contains", "op2=contains"},
	"match_by in another case":             {"match_by=PRIMARYEMAIL", "match_by=primaryEmail"},
	"match_found_strategy in another case": {"match_found_strategy=Enrich", "match_found_strategy=enrich"},
	"record_type read as one list":         {"record_type=account&record_type=client", "record_type=account%2Cclient"},
	"record_type project ignored":          {"record_type=project", ""},
	"record_type opportunity ignored":      {"record_type=opportunity,account", "record_type=account"},
	"record_type request ignored":          {"record_type=account,request", "record_type=account"},
	"record_type vendor ignored":           {"record_type=vendor", ""},
	"record_type ahj ignored":              {"record_type=ahj", ""},

	"allow_new_options read as true or false":          {"allow_new_options=True", "allow_new_options=true"},
	"dry_run read as true or false":                    {"dry_run=1", "dry_run=true"},
	"force read as true or false":                      {"force=YES", "force=true"},
	"include_archived read as true or false":           {"include_archived=FALSE", "include_archived=false"},
	"include_contacts read as true or false":           {"include_contacts=0", "include_contacts=false"},
	"include_total read as true or false":              {"include_total=on", "include_total=true"},
	"include_virtual_properties read as true or false": {"include_virtual_properties=no", "include_virtual_properties=false"},

	"empty q ignored":              {"q=", ""},
	"empty title ignored":          {"title=", ""},
	"empty address ignored":        {"address=", ""},
	"empty primaryName ignored":    {"primaryName=", ""},
	"empty primaryEmail ignored":   {"primaryEmail=", ""},
	"empty primaryPhone ignored":   {"primaryPhone=", ""},
	"empty account_id ignored":     {"account_id=", ""},
	"empty email ignored":          {"email=", ""},
	"empty id ignored":             {"id=", ""},
	"empty updated_after ignored":  {"updated_after=", ""},
	"empty updated_before ignored": {"updated_before=", ""},
	"empty order_by ignored":       {"order_by=", ""},
	"empty page ignored":           {"page=", ""},
	"empty page_size ignored":      {"page_size=", ""},
	"empty cursor ignored":         {"cursor=", ""},
	"empty record_type ignored":    {"record_type=", ""},
}

// A bodyCase is a body of an operation before and after the rule.
type bodyCase struct{ operation, sent, read string }

// The operations of bodies.
const (
	create, update               = "createAccount", "updateAccount"
	createContact, updateContact = "createContact", "updateContact"
)

var bodyCases = map[string]bodyCase{
	"clientId read as id":             {update, `{"clientId":1}`, `{"id":1}`},
	"clientId ignored":                {create, `{"clientId":1}`, `{}`},
	"name read as title":              {"batchUpdateAccounts", `{"updates":[{"id":1,"set":{"name":"N"}},7]}`, `{"updates":[{"id":1,"set":{"title":"N"}},7]}`},
	"name ignored":                    {update, `{"name":"N","title":"n"}`, `{"title":"n"}`},
	"clientType read as accountType":  {update, `{"clientType":"COMMERCIAL"}`, `{"accountType":"COMMERCIAL"}`},
	"clientType ignored":              {update, `{"clientType":null,"accountType":null}`, `{"accountType":null}`},
	"accountType in another case":     {create, `{"accountType":"Commercial"}`, `{"accountType":"COMMERCIAL"}`},
	"type in another case":            {create, `{"type":"residential"}`, `{"type":"RESIDENTIAL"}`},
	"address as list":                 {create, `{"address":"1 Main St"}`, `{"address":["1 Main St"]}`},
	"street read as address":          {create, `{"street":"1 Main St","city":"Oakland","state":"CA","zip":94601}`, `{"address":["1 Main St","Oakland, CA 94601"]}`},
	"contacts from text":              {update, `{"contacts":["7",8,{"id":9}]}`, `{"contacts":[7,8,{"id":9}]}`},
	"custom as an empty list":         {create, `{"custom":[]}`, `{"custom":{}}`},
	"isActive from text":              {update, `{"isActive":"True"}`, `{"isActive":true}`},
	"street ignored":                  {update, `{"street":"1 Main St","address":["x"]}`, `{"address":["x"]}`},
	"street2 ignored":                 {update, `{"street2":"Suite 5"}`, `{}`},
	"city ignored":                    {update, `{"city":"Oakland"}`, `{}`},
	"state ignored":                   {update, `{"state":"CA"}`, `{}`},
	"zip ignored":                     {update, `{"zip":"94601"}`, `{}`},
	"zipcode ignored":                 {update, `{"zipcode":null}`, `{}`},
	"zipCode ignored":                 {update, `{"zipCode":"94601"}`, `{}`},
	"postalCode ignored":              {update, `{"postalCode":"94601"}`, `{}`},
	"country ignored":                 {update, `{"country":"US"}`, `{}`},
	"companyId ignored":               {create, `{"companyId":5}`, `{}`},
	"geoLocation ignored":             {create, `{"geoLocation":["1,2"]}`, `{}`},
	"imageUrl ignored":                {create, `{"imageUrl":null}`, `{}`},
	"lastActivity ignored":            {create, `{"lastActivity":"x"}`, `{}`},
	"owner ignored":                   {create, `{"owner":{"id":1}}`, `{}`},
	"streetViewUrl ignored":           {create, `{"streetViewUrl":"x"}`, `{}`},
	"empty accountType read as null":  {update, `{"accountType":""}`, `{"accountType":null}`},
	"empty description read as null":  {update, `{"description":" "}`, `{"description":null}`},
	"empty primaryEmail read as null": {update, `{"primaryEmail":""}`, `{"primaryEmail":null}`},
	"empty primaryPhone read as null": {update, `{"primaryPhone":""}`, `{"primaryPhone":null}`},
	"empty size read as null":         {update, `{"size":""}`, `{"size":null}`},
	"empty type read as null":         {update, `{"type":""}`, `{"type":null}`},
	"empty value read as null":        {update, `{"value":""}`, `{"value":null}`},
	"id from text":                    {update, `{"id":"1"}`, `{"id":1}`},
	"number from text":                {update, `{"number":"24"}`, `{"number":24}`},
	"size from text":                  {update, `{"size":"-2.50"}`, `{"size":-2.50}`},
	"value from text":                 {update, `{"value":"24 "}`, `{"value":24}`},
	"id of a new account ignored":     {create, `{"id":1}`, `{}`},

	"createdAt of a new account ignored": {create, `{"createdAt":"x"}`, `{}`},
	"createdBy of a new account ignored": {create, `{"createdBy":null}`, `{}`},
	"updatedAt of a new account ignored": {create, `{"updatedAt":"x"}`, `{}`},
	"updatedBy of a new account ignored": {create, `{"updatedBy":{"id":1}}`, `{}`},

	"firstName and lastName read as name":    {updateContact, `{"firstName":"Jo","lastName":"Park"}`, `{"name":"Jo Park"}`},
	"email read as emails":                   {createContact, `{"email":null}`, `{"emails":[]}`},
	"phone read as phones":                   {updateContact, `{"phone":["x"]}`, `{"phones":["x"]}`},
	"emails as list":                         {updateContact, `{"emails":"a@b.example"}`, `{"emails":["a@b.example"]}`},
	"phones as list":                         {updateContact, `{"phones":"1"}`, `{"phones":["1"]}`},
	"empty items of emails ignored":          {updateContact, `{"emails":["",null,"a@b.example"]}`, `{"emails":["a@b.example"]}`},
	"empty items of phones ignored":          {updateContact, `{"phones":null}`, `{"phones":[]}`},
	"empty title of a contact read as null":  {createContact, `{"title":""}`, `{"title":null}`},
	"clientIds read as accountIds":           {createContact, `{"clientIds":[1]}`, `{"accountIds":[1]}`},
	"accountIds from text":                   {createContact, `{"accountIds":["1",2]}`, `{"accountIds":[1,2]}`},
	"empty projectIds ignored":               {createContact, `{"projectIds":[]}`, `{}`},
	"clients of a contact ignored":           {updateContact, `{"clients":[{"id":1}]}`, `{}`},
	"companyId of a contact ignored":         {updateContact, `{"companyId":1}`, `{}`},
	"projects of a contact ignored":          {updateContact, `{"projects":[]}`, `{}`},
	"id of a new contact ignored":            {createContact, `{"id":1}`, `{}`},
	"accounts of a new contact ignored":      {createContact, `{"accounts":[]}`, `{}`},
	"createdAt of a new contact ignored":     {createContact, `{"createdAt":"x"}`, `{}`},
	"createdByUser of a new contact ignored": {createContact, `{"createdByUser":null}`, `{}`},
	"updatedAt of a new contact ignored":     {createContact, `{"updatedAt":"x"}`, `{}`},

	"type of a property in another case": {"createProperty", `{"type":"numeric"}`, `{"type":"NUMERIC"}`},
	"isMultiple from text":               {"createProperty", `{"isMultiple":1}`, `{"isMultiple":true}`},
}

// Every rule has its row here, and each row its rule.
func TestEveryRuleIsTested(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, name := range lenient.Names() {
		_, ofQuery := queryCases[name]
		_, ofBody := bodyCases[name]
		if ofQuery == ofBody || seen[name] {
			t.Errorf("%q has a row of queries: %t, of bodies: %t, was seen: %t", name, ofQuery, ofBody, seen[name])
		}
		seen[name] = true
	}
	if len(seen) != len(queryCases)+len(bodyCases) {
		t.Errorf("%d rules, %d rows", len(seen), len(queryCases)+len(bodyCases))
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for name, c := range queryCases {
		sent, err := url.ParseQuery(c.sent)
		if err != nil {
			t.Fatal(err)
		}
		applied := lenient.Query(parameters, sent)
		if !slices.Contains(applied, name) || sent.Encode() != c.read {
			t.Errorf("%s: %s was read as %s; applied %q", name, c.sent, sent.Encode(), applied)
		}
		if again := lenient.Query(parameters, sent); len(again) > 0 {
			t.Errorf("%s: what was read needs %q", name, again)
		}
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	for name, c := range bodyCases {
		sent := decode(t, c.sent)
		applied := lenient.Body(c.operation, sent)
		if !slices.Contains(applied, name) || !reflect.DeepEqual(sent, decode(t, c.read)) {
			got, _ := json.Marshal(sent)
			t.Errorf("%s: %s was read as %s; applied %q", name, c.sent, got, applied)
		}
		if again := lenient.Body(c.operation, sent); len(again) > 0 {
			t.Errorf("%s: what was read needs %q", name, again)
		}
	}
}

func decode(t *testing.T, text string) any {
	t.Helper()
	value, _, err := jsonvalue.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// What is no older form stays as it is, to be refused.
func TestStaysStrict(t *testing.T) {
	t.Parallel()
	for _, c := range []queryCase{
		{sent: "limit=5&page_size=6"}, {sent: "page_size=many"}, {sent: "page_size=0"}, {sent: "offset=7"}, {sent: "offset=20&page=2"},
		{sent: "updated_after=yesterday"}, {sent: "updated_after=2026-01-01T00:00:00+01:00"}, {sent: "order_by=title"}, {sent: "order_by=ASC&order_by=ASC"},
		{sent: "dry_run=maybe"}, {sent: "dry_run="}, {sent: "record_type=site"}, {sent: "colour=red"}, {sent: "value1="}, {sent: "q=a&q=b"},
	} {
		q, err := url.ParseQuery(c.sent)
		if err != nil {
			t.Fatal(err)
		}
		if applied := lenient.Query(parameters, q); len(applied) > 0 {
			t.Errorf("%s: applied %q", c.sent, applied)
		}
	}
	for _, operation := range []string{create, update, createContact, updateContact, "createKey", "inviteUser"} {
		for _, body := range []string{
			`{"titel":"x"}`, `{"address":5}`, `{"address":["x",""]}`, `{"custom":{"capacity":"12.50","nope":1}}`, `{"number":"1e"}`, `{"value":"1,250"}`,
			`{"value":true}`, `{"number":"0x10"}`, `{"isActive":"maybe"}`, `{"clientType":"COMMERCIAL","accountType":"RESIDENTIAL"}`,
			`{"name":"A","title":"B"}`, `{"firstName":"Jo"}`, `{"projectIds":[3]}`, `{"custom":[1]}`, `{"email":"a@b.example","emails":[]}`, `[]`, `null`, `7`,
		} {
			sent := decode(t, body)
			if applied := lenient.Body(operation, sent); len(applied) > 0 {
				t.Errorf("%s %s: applied %q", operation, body, applied)
			}
		}
	}
}

// RFC 7240, sections 2 and 4.4.
func TestPrefer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		headers []string
		want    lenient.Handling
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{"handling=lenient"}, lenient.Lenient},
		{[]string{"handling=strict"}, lenient.Strict},
		{[]string{`respond-async, HANDLING = "Lenient" ; x=y, wait=10`}, lenient.Lenient},
		{[]string{"wait=10", "handling=lenient"}, lenient.Lenient},
		{[]string{"handling=strict, handling=lenient"}, lenient.Strict},
		{[]string{"handling=loose, handling=lenient"}, ""},
		{[]string{`x="a, handling=lenient"`}, ""},
		{[]string{`x="\", handling=lenient`}, ""},
		{[]string{"handling"}, ""},
		{[]string{";;,,=,handling=lenient"}, lenient.Lenient},
	} {
		if got := lenient.Asked(c.headers); got != c.want {
			t.Errorf("%q: %q, want %q", c.headers, got, c.want)
		}
	}
}

package lenient

import "slices"

// The operations whose bodies are read leniently.
const (
	batchUpdate   = "batchUpdateAccounts"
	createAccount = "createAccount"
)

var (
	accounts    = []string{createAccount, "updateAccount", batchUpdate}
	contacts    = []string{"createContact", "updateContact"}
	newAccount  = []string{createAccount}
	newContact  = []string{"createContact"}
	newProperty = []string{"createProperty"}
)

// table is everything that is read leniently, in the order in which it is. What
// it does not have is refused as ever: keys and passwords, unknown members and
// parameters, unknown custom keys, and values whose digits would be lost.
var table = slices.Concat([]rule{
	{name: "_ ignored", query: without("_")},
	{name: "limit read as page_size", takes: "page_size", query: renamed("limit", "page_size")},
	{name: "page_size over 100 read as 100", takes: "page_size", query: each("page_size", atMost(100))},
	{name: "offset=0 ignored", takes: "page_size", query: without("offset", "0")},
	{name: "offset read as page", takes: "page", query: offsetAsPage},
	{name: "updated_after read as UTC", takes: "updated_after", query: each("updated_after", withZone)},
	{name: "updated_before read as UTC", takes: "updated_before", query: each("updated_before", withZone)},
	{name: "order_by in another case", takes: "order_by", query: each("order_by", oneOf("asc", "desc"))},
	{name: "logic in another case", takes: "logic", query: each("logic", oneOf("and", "or"))},
	{name: "op1 in another case", takes: "op1", query: each("op1", oneOf(operators...))},
	{name: "op2 in another case", takes: "op2", query: each("op2", oneOf(operators...))},
	{name: "match_by in another case", takes: "match_by", query: each("match_by", oneOf("title", "primaryEmail", "primaryPhone", "address", "none"))},
	{name: "match_found_strategy in another case", takes: "match_found_strategy", query: each("match_found_strategy", oneOf("skip", "replace", "enrich"))},
	{name: "record_type read as one list", takes: "record_type", query: joined("record_type")},
},
	forAll([]string{"allow_new_options", "dry_run", "force", "include_archived", "include_contacts", "include_total", "include_virtual_properties"},
		func(name string) rule {
			return rule{name: name + " read as true or false", takes: name, query: each(name, boolean)}
		}),
	forAll([]string{
		"q", "title", "address", "primaryName", "primaryEmail", "primaryPhone", "account_id", "email", "id",
		"updated_after", "updated_before", "order_by", "page", "page_size", "cursor", "record_type",
	}, func(name string) rule {
		return rule{name: "empty " + name + " ignored", takes: name, query: without(name, "")}
	}),
	forAll([]string{"project", "opportunity", "request", "vendor", "ahj"}, func(kind string) rule {
		return rule{name: "record_type " + kind + " ignored", takes: "record_type", query: withoutItem("record_type", kind)}
	}),

	// Accounts.
	[]rule{
		{name: "clientId read as id", on: []string{"updateAccount", batchUpdate}, body: moved("clientId", "id")},
		{name: "clientId ignored", on: accounts, body: repeated("clientId", "id")},
		{name: "name read as title", on: accounts, body: moved("name", "title")},
		{name: "name ignored", on: accounts, body: repeated("name", "title")},
		{name: "clientType read as accountType", on: accounts, body: moved("clientType", "accountType")},
		{name: "accountType in another case", on: accounts, body: upper("accountType")},
		{name: "type in another case", on: accounts, body: upper("type")},
		{name: "clientType ignored", on: accounts, body: repeated("clientType", "accountType")},
		{name: "address as list", on: accounts, body: listed("address")},
		{name: "street read as address", on: accounts, body: streetAsAddress},
		{name: "contacts from text", on: accounts, body: numbers("contacts")},
		{name: "custom as an empty list", on: accounts, body: emptyObject("custom")},
		{name: "isActive from text", on: accounts, body: truth("isActive")},
	},
	forAll(slices.Concat(addressParts, []string{"companyId", "geoLocation", "imageUrl", "lastActivity", "owner", "streetViewUrl"}), func(name string) rule {
		return rule{name: name + " ignored", on: accounts, body: dropped(name)}
	}),
	forAll([]string{"accountType", "description", "primaryEmail", "primaryPhone", "size", "type", "value"}, func(name string) rule {
		return rule{name: "empty " + name + " read as null", on: accounts, body: emptyAsNull(name)}
	}),
	forAll([]string{"id", "number", "size", "value"}, func(name string) rule {
		return rule{name: name + " from text", on: accounts, body: numeric(name)}
	}),
	forAll([]string{"id", "createdAt", "createdBy", "updatedAt", "updatedBy"}, func(name string) rule {
		return rule{name: name + " of a new account ignored", on: newAccount, body: dropped(name)}
	}),

	// Contacts.
	[]rule{
		{name: "firstName and lastName read as name", on: contacts, body: fullName},
		{name: "email read as emails", on: contacts, body: moved("email", "emails")},
		{name: "phone read as phones", on: contacts, body: moved("phone", "phones")},
		{name: "emails as list", on: contacts, body: listed("emails")},
		{name: "phones as list", on: contacts, body: listed("phones")},
		{name: "empty items of emails ignored", on: contacts, body: withoutEmpty("emails")},
		{name: "empty items of phones ignored", on: contacts, body: withoutEmpty("phones")},
		{name: "empty title of a contact read as null", on: contacts, body: emptyAsNull("title")},
		{name: "clientIds read as accountIds", on: contacts, body: moved("clientIds", "accountIds")},
		{name: "accountIds from text", on: contacts, body: numbers("accountIds")},
		{name: "empty projectIds ignored", on: contacts, body: droppedEmpty("projectIds")},
	},
	forAll([]string{"clients", "companyId", "projects"}, func(name string) rule {
		return rule{name: name + " of a contact ignored", on: contacts, body: dropped(name)}
	}),
	forAll([]string{"id", "accounts", "createdAt", "createdByUser", "updatedAt"}, func(name string) rule {
		return rule{name: name + " of a new contact ignored", on: newContact, body: dropped(name)}
	}),

	// Properties.
	[]rule{
		{name: "type of a property in another case", on: newProperty, body: upper("type")},
		{name: "isMultiple from text", on: newProperty, body: truth("isMultiple")},
	},
)

// forAll makes a rule of each name.
func forAll(names []string, of func(name string) rule) (rules []rule) {
	for _, name := range names {
		rules = append(rules, of(name))
	}
	return rules
}

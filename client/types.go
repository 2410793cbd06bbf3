package client

import "github.com/accountsd/accountsd/gen/api"

// Account is an account as the server answered it. The generated type is
// embedded.
type Account struct {
	api.Account

	// ETag is what IfMatch asks for. It is empty in lists, in dry runs and of the past.
	ETag string `json:"-"`
}

// The generated types that calls return and take.
type (
	// AccountAddition is what to add to an account: items to lists, and amounts to
	// numbers.
	AccountAddition = api.AccountAddition
	// AccountContact is a contact that is linked to an account.
	AccountContact = api.AccountContact
	// AccountCreate is an account to create. Members that are absent stay without
	// a value.
	AccountCreate = api.AccountCreate
	// AccountDifference is what an update of a selection has made of an account.
	AccountDifference = api.AccountDifference
	// AccountFill is values for members that have none.
	AccountFill = api.AccountFill
	// AccountPatch is the members of an account to change: those that are set or
	// cleared, and the keys that are in Custom, of which nil clears one. Title,
	// Address, IsActive and Number cannot be cleared. Contacts replaces the linked
	// ones. Add, Remove and Fill change members by what they hold when the patch
	// takes effect, so that programs which add at once lose nothing of each other.
	AccountPatch = api.AccountPatch
	// AccountRemoval is items to remove from the lists of an account.
	AccountRemoval = api.AccountRemoval
	// AccountType is the kind of customer that an account is.
	AccountType = api.AccountType
	// AuditAction is what an entry of the audit log tells of.
	AuditAction = api.AuditAction
	// AuditEntry is one thing that was done, beside the changes of accounts.
	AuditEntry = api.AuditEntry
	// BatchUpdate is one update of a batch. IfMatch is the tag that the account must
	// have; with "" it may have any.
	BatchUpdate = api.AccountBatchUpdate
	// BatchItem is one account to create, to update or to upsert: one of the three
	// holds the body. ID says which account to update, or Match by which member of the
	// body it is recognised.
	BatchItem = api.AccountBatchItem
	// Receipt is what became of an item. Problem says why one failed.
	Receipt = api.AccountReceipt
	// ReceiptProblem is why an item failed.
	ReceiptProblem = api.ReceiptProblem
	// ReceiptStatus says what became of an item.
	ReceiptStatus = api.ReceiptStatus
	// Change is what one write did to one account.
	Change = api.Change
	// ChangeCause is why the server wrote a change: an earlier one was taken back, or
	// the account was undeleted.
	ChangeCause = api.ChangeCause
	// ChangeKind says whether a change created, updated or deleted the account.
	ChangeKind = api.ChangeKind
	// Contact is a person.
	Contact = api.Contact
	// ContactCreate is a contact to create.
	ContactCreate = api.ContactCreate
	// ContactPatch is the members of a contact to change. Only Title can be
	// cleared; an empty list empties the others.
	ContactPatch = api.ContactPatch
	// CreatedKey is a new key with its token.
	CreatedKey = api.CreatedKey
	// DuplicateGroup is accounts that may be one, and the members that they have in
	// common.
	DuplicateGroup = api.DuplicateGroup
	// DuplicateReason is a member that accounts have in common.
	DuplicateReason = api.DuplicateReason
	// InvitationAccept is what an invited user sends.
	InvitationAccept = api.InvitationAccept
	// InvitedUser is a new user with the invitation.
	InvitedUser = api.InvitedUser
	// IssuedWebhook is a webhook with a secret that was just made.
	IssuedWebhook = api.IssuedWebhook
	// Key is an API key without its token.
	Key = api.Key
	// KeyCreate is a key to make. Without Scopes it may do all that the user may,
	// without ExpiresAt it does not end.
	KeyCreate = api.KeyCreate
	// LeftOutMember is a member that did not get its former value, and why.
	LeftOutMember = api.LeftOutMember
	// AccountMerge is accounts to merge into one, and what is taken of which.
	AccountMerge = api.AccountMerge
	// MatchMember is a member by which an account is recognised.
	MatchMember = api.MatchMember
	// MatchStrategy is what happens to an account that is recognised.
	MatchStrategy = api.MatchStrategy
	// MergeSource is an account to merge into another. IfMatch is the tag that it must
	// have; with "" it may have any.
	MergeSource = api.MergeSource
	// OptionRename is an option to spell differently.
	OptionRename = api.OptionRename
	// PasswordReset says what else a reset of a password ends.
	PasswordReset = api.PasswordReset
	// Property is the definition of a custom member.
	Property = api.Property
	// PropertyCreate is a property to define. KeyName is made from Name if it is
	// empty.
	PropertyCreate = api.PropertyCreate
	// PropertyPatch is the members of a property to change. An option that Options
	// leaves out is removed.
	PropertyPatch = api.PropertyPatch
	// PropertyType is what values a property takes.
	PropertyType = api.PropertyType
	// Scope is what a key may do.
	Scope = api.Scope
	// Self is for whom a key acts.
	Self = api.Self
	// User is a user of the company.
	User = api.User
	// UserInvite is a user to invite.
	UserInvite = api.UserInvite
	// UserPatch is the members of a user to change. A name that is null is cleared.
	UserPatch = api.UserPatch
	// UserSummary is a user, as records name one.
	UserSummary = api.UserSummary
	// Webhook is where changes are sent, which ones, and how far that has come.
	Webhook = api.Webhook
	// WebhookCreate is a webhook to create. Without Kinds and Members all changes are
	// sent, without After those from now on.
	WebhookCreate = api.WebhookCreate
	// WebhookDelivery is one request to the URL of a webhook.
	WebhookDelivery = api.WebhookDelivery
	// WebhookPatch is the members of a webhook to change.
	WebhookPatch = api.WebhookPatch
	// WebhookRotation says for how many hours the former secret signs as well; a day if
	// it does not.
	WebhookRotation = api.WebhookRotation
	// WebhookState says whether changes are sent.
	WebhookState = api.WebhookState
)

// MatchUnique recognises an account by its value of a unique property.
func MatchUnique(keyName string) MatchMember { return MatchMember("custom." + keyName) }

// Values of the generated types.
const (
	Residential = api.AccountTypeResidential
	Commercial  = api.AccountTypeCommercial

	Created = api.ChangeKindCreated
	Updated = api.ChangeKindUpdated
	Deleted = api.ChangeKindDeleted

	CauseRevert   = api.CauseKindRevert
	CauseUndelete = api.CauseKindUndelete

	ItemCreated   = api.ReceiptStatusCreated
	ItemUpdated   = api.ReceiptStatusUpdated
	ItemUnchanged = api.ReceiptStatusUnchanged
	ItemFailed    = api.ReceiptStatusFailed

	MatchTitle   MatchMember = "title"
	MatchEmail   MatchMember = "primaryEmail"
	MatchPhone   MatchMember = "primaryPhone"
	MatchAddress MatchMember = "address"
	MatchNone    MatchMember = "none"

	SkipMatch    = api.MatchStrategySkip
	ReplaceMatch = api.MatchStrategyReplace
	EnrichMatch  = api.MatchStrategyEnrich
	UpdateMatch  = api.MatchStrategyUpdate

	SameEmail   = api.DuplicateReasonPrimaryEmail
	SamePhone   = api.DuplicateReasonPrimaryPhone
	SameTitle   = api.DuplicateReasonTitle
	SameAddress = api.DuplicateReasonAddress

	Text     = api.PropertyTypeTEXT
	Numeric  = api.PropertyTypeNUMERIC
	Boolean  = api.PropertyTypeBOOLEAN
	Date     = api.PropertyTypeDATE
	Dropdown = api.PropertyTypeDROPDOWN

	ScopeRead  = api.ScopeRead
	ScopeWrite = api.ScopeWrite
	ScopeAdmin = api.ScopeAdmin

	WebhookActive = api.WebhookStateActive
	WebhookPaused = api.WebhookStatePaused
)

package client_test

import (
	"time"

	"github.com/accountsd/accountsd/client"
)

// What the documentation of each type says that it can be.
var (
	_ = []client.GetOption{client.IncludeContacts(), client.IncludeArchived(), client.IfNoneMatch(""), client.At(time.Time{}), client.AtVersion(1)}
	_ = []client.CreateOption{client.MatchBy(""), client.OnMatch(""), client.AllowNewOptions(), client.DryRun(), client.IdempotencyKey(""), client.Reason("")}
	_ = []client.UpdateOption{client.IfMatch(""), client.Merge(), client.StrictMerge(), client.NoMerge(), client.AllowNewOptions(), client.DryRun(), client.IdempotencyKey(""), client.Reason("")}
	_ = []client.BatchOption{client.Merge(), client.StrictMerge(), client.AllowNewOptions(), client.DryRun(), client.IdempotencyKey(""), client.Reason("")}
	_ = []client.SelectionOption{client.IfMatch(""), client.AllowNewOptions(), client.IdempotencyKey(""), client.Reason("")}
	_ = []client.DeleteOption{client.IfMatch(""), client.Reason("")}
	_ = []client.RevertOption{client.IfMatch(""), client.Merge(), client.DryRun(), client.IdempotencyKey(""), client.Reason("")}
	_ = []client.UndeleteOption{client.DryRun(), client.IdempotencyKey(""), client.Reason("")}
	_ = []client.WriteOption{client.IdempotencyKey("")}
	_ = []client.PropertyUpdateOption{client.Force(), client.IdempotencyKey("")}
	_ = []client.PropertyDeleteOption{client.Force()}
)

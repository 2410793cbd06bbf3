package server

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/fault"
)

// convertAll converts the items of a list.
func convertAll[From, To any](items []From, convert func(From) To) []To {
	list := make([]To, len(items))
	for i, item := range items {
		list[i] = convert(item)
	}
	return list
}

// orAbsent is nil for the zero value, which stands for none.
func orAbsent[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

// orNull is null for the zero value, which stands for none.
func orNull[T comparable](value T) nullable.Nullable[T] {
	var none T
	if value == none {
		return nullable.NewNullNullable[T]()
	}
	return nullable.NewNullableWithValue(value)
}

// ToAPIFieldProblems converts the offences of a request.
func ToAPIFieldProblems(offences []fault.Offence) []api.FieldProblem {
	return convertAll(offences, func(offence fault.Offence) api.FieldProblem {
		problem := api.FieldProblem{
			Field:   offence.Field(),
			In:      api.FieldProblemIn(offence.In),
			Code:    api.ProblemCodeValidationError,
			Message: offence.Message,
		}
		if offence.Kind != fault.KindInternal {
			problem.Code = kinds[offence.Kind].code
		}
		if offence.In == fault.InBody {
			problem.Pointer = new(offence.Pointer())
		}
		return problem
	})
}

// ToAPIConflicts converts what others have changed.
func ToAPIConflicts(conflicts []fault.Conflict) []api.MemberConflict {
	return convertAll(conflicts, func(c fault.Conflict) api.MemberConflict {
		return api.MemberConflict{Member: c.Member, Pointer: c.Pointer(), Base: c.Base, Current: c.Current, Mine: c.Mine, Merged: c.Merged}
	})
}

// timeOrNull is null for the zero time.
func timeOrNull(t time.Time) nullable.Nullable[timestamp.Time] {
	if t.IsZero() {
		return nullable.NewNullNullable[timestamp.Time]()
	}
	return nullable.NewNullableWithValue(timestamp.Of(t))
}

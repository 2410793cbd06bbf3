package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/client"
)

// membersOf is the fields of a record or of a body, in the order in which they
// are sent.
func membersOf[T any]() []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(reflect.TypeFor[T]()), func(field reflect.StructField) bool {
		return field.Anonymous || tagName(field) == "-"
	})
}

func tagName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// columnsOf is the columns of a record with all that it has. keyNames are those
// of its custom members.
func columnsOf[T any](keyNames ...string) []string { return columns(membersOf[T](), keyNames) }

// plainColumnsOf is the columns of a record but for those that hold others.
func plainColumnsOf[T any](keyNames ...string) []string {
	return columns(slices.DeleteFunc(membersOf[T](), holdsRecords), keyNames)
}

func columns(members []reflect.StructField, keyNames []string) []string {
	var names []string
	for _, member := range members {
		switch {
		case isFormer(member):
		case tagName(member) != "custom":
			names = append(names, tagName(member))
		default:
			for _, key := range keyNames {
				names = append(names, "custom."+key)
			}
		}
	}
	return names
}

func holdsRecords(member reflect.StructField) bool {
	t := member.Type
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Map || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[client.Time]()
}

// assignable is the members of a body that can be assigned: not those that are
// only accepted because they were fetched, nor under a former name.
func assignable[T any]() []reflect.StructField {
	return slices.DeleteFunc(membersOf[T](), func(field reflect.StructField) bool {
		return field.Tag.Get("echo") != "" || isFormer(field)
	})
}

func isFormer(field reflect.StructField) bool { return field.Tag.Get("former") != "" }

// assignableNames lists them by name.
func assignableNames[T any]() []string {
	names := columns(assignable[T](), []string{"<keyName>"})
	slices.Sort(names)
	return names
}

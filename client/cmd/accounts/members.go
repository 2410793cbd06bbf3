package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/client"
)

// membersOf is the fields of a record or of a body, in the order in which they
// are sent.
func membersOf[T any]() []reflect.StructField { return fieldsOf(reflect.TypeFor[T]()) }

func fieldsOf(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(field reflect.StructField) bool {
		return field.Anonymous || tagName(field) == "-"
	})
}

func tagName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// columnsOf is the columns of a record with all that it has. keyNames are those
// of its custom members.
func columnsOf[T any](keyNames ...string) []string {
	return columnsOfType(reflect.TypeFor[T](), keyNames...)
}

func columnsOfType(record reflect.Type, keyNames ...string) []string {
	if record.Kind() == reflect.Pointer {
		record = record.Elem()
	}
	return columns(fieldsOf(record), keyNames)
}

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

// assignable is the members of a body, or of a part of one, that can be assigned:
// not those that are only accepted because they were fetched, nor under a former
// name, nor the parts of a body.
func assignable(body reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(fieldsOf(body), func(field reflect.StructField) bool {
		return field.Tag.Get("echo") != "" || isFormer(field) || isPart(field)
	})
}

// isPart tells whether a member of a body is one that changes others by what they
// hold.
func isPart(field reflect.StructField) bool {
	return slices.ContainsFunc(signs, func(s sign) bool { return s.part == tagName(field) })
}

func isFormer(field reflect.StructField) bool { return field.Tag.Get("former") != "" }

// assignableNames lists them by name.
func assignableNames(body reflect.Type) []string {
	names := columns(assignable(body), []string{"<keyName>"})
	slices.Sort(names)
	return names
}

// Package gen holds what is generated from openapi.yaml: the types (api), the gin
// server (apiserver), the client (apiclient), the document to serve, and what of it
// requests are checked by; see "make generate". Written by hand are only this file,
// what writes that (apiserver/requests), and the packages of the types that the
// generated code names (timestamp, for points in time, and custom, for custom values)
// and cell, for the cells of CSV.
package gen

import _ "embed" // for the documents

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config ../oapi-codegen.yaml ../openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config apiserver/oapi-codegen.yaml ../openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config apiclient/oapi-codegen.yaml ../openapi.yaml
//go:generate cp ../openapi.yaml openapi.yaml
//go:generate go run ./apiserver/requests ../openapi.yaml requests.json

// OpenAPI is openapi.yaml as it was when the code was generated, the deprecated
// operations included, which the generated code leaves out.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Requests is what OpenAPI says of requests, as JSON.
//
//go:embed requests.json
var Requests []byte

// Package gen holds what is generated from openapi.yaml: the types (api), the
// gin server with the spec that it validates against (apiserver), the client
// (apiclient), and the document to serve; see "make generate". Written by hand
// are only this file and the packages of the types that the generated code
// names: timestamp, for points in time, and custom, for custom values.
package gen

import _ "embed" // for OpenAPI

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config ../oapi-codegen.yaml ../openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config apiserver/oapi-codegen.yaml ../openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config apiclient/oapi-codegen.yaml ../openapi.yaml
//go:generate cp ../openapi.yaml openapi.yaml

// OpenAPI is openapi.yaml as it was when the code was generated, the deprecated
// operations included, which the generated code leaves out.
//
//go:embed openapi.yaml
var OpenAPI []byte

package server

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/console"
)

// addPages adds what people look at, which is beside the API.
func (s *Server) addPages(engine *gin.Engine) {
	engine.GET("/", s.root)
	for _, folder := range []string{"/console", "/docs"} {
		engine.GET(folder, func(c *gin.Context) { console.Lead(c.Writer, s.prefix+folder+"/") })
		engine.GET(folder+"/*file", s.page)
	}
}

// page answers with a file of the console or of the reference.
func (s *Server) page(c *gin.Context) {
	if !console.Serve(c.Writer, c.Request, acceptsGzip(c.Request.Header)) {
		s.noRoute(c)
	}
}

// root leads a browser to the console, and tells a program what there is.
func (s *Server) root(c *gin.Context) {
	c.Writer.Header().Set("Vary", c.Writer.Header().Get("Vary")+", Accept")
	if strings.Contains(c.GetHeader("Accept"), "text/html") {
		console.Lead(c.Writer, s.prefix+"/console/")
		return
	}
	c.JSON(http.StatusOK, gin.H{
		"name": "accountsd", "api": s.prefix + basePath, "openapi": s.prefix + "/openapi.json",
		"docs": s.prefix + "/docs/", "console": s.prefix + "/console/",
	})
}

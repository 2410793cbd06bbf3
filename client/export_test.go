package client

// NewTransport is what clients without a transport of their own send through.
var NewTransport = newTransport

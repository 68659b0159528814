module example.com/embed

go 1.26.0

require github.com/glimpse-go/glimpse v0.0.0

require (
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	gonum.org/v1/gonum v0.17.0 // indirect
)

replace github.com/glimpse-go/glimpse => ../..

module example.com/my-plugin

go 1.19

require shoal/plugin v0.0.0

replace shoal/plugin => ./sdk

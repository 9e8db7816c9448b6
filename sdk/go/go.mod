module shoal/plugin

go 1.19

.PHONY: ci test up

ci test:
	./test

up:
	./up
